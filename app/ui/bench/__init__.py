"""What the window costs, beside plain Qt doing the same work; `llama-chat bench ui` runs it."""
