"""What a customer's message says: what is wanted, and the particulars that it takes."""
