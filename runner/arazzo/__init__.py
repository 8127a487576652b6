"""Arazzo documents as written: frozen classes, the two dialects, and the reader."""
