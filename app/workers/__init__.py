"""The app's side of its engine processes: start them, talk to them, outlive them."""
