"""The support desk: answers customers, acts on their orders under policy, or hands over to a person."""
