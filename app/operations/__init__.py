"""Running the app: long jobs, backups, health, and the doctor."""
