"""What runs reached of API descriptions: folded from entries, written as JSON, a table, a page."""
