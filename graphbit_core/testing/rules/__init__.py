"""The rules that components are tried by: a conformance class per kind, and what these are made of."""
