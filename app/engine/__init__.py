"""Inside the engine process: one model, one batched context, a decode thread and an io thread."""
