"""Indexing documents and answering questions over them."""
