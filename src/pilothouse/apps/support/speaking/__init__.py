"""What the desk says: its replies in the customer's language, and what it tells the person who takes over."""
