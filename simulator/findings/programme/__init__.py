"""What a programme does with its money: whom it reaches, what it costs, and how its work was delivered."""
