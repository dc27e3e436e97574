"""Who may do what: accounts, sessions, keys, and the one table of roles and routes."""
