"""Pictures of a plan: the same chart as a table, as Mermaid, as SVG and as a page."""
