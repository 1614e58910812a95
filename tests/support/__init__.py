"""What several tests are made with, and what chooses among them."""
