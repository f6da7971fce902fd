//! The one place where kernel errors become Python exceptions.
