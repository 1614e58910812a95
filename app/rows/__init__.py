"""The rows of the study: what `app.store` is made of, a file a subject."""
