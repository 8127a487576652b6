"""Every rule by its name, and what the user says of rules: how severe they are, and where they are not wanted."""
