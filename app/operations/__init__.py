"""Operation of the app: background jobs, backups, health, and the doctor."""
