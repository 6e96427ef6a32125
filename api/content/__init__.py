"""Content files of the application: what occupations ask, certificates and limits (see SOURCES.md)."""
