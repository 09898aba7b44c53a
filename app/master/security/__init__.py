"""Who may do what: accounts' secrets, sessions, roles, and the checks before every route."""
