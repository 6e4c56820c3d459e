"""The only package that touches llama_cpp: typed, checked calls on the low-level API."""

# First of all: it sets the environment that the library reads while it is being loaded.
from app.engine.llama import library as library
