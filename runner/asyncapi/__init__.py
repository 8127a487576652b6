"""AsyncAPI descriptions: read and checked, so that a document that refers to them can be."""
