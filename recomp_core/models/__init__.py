"""The floor where torch begins. Nothing below imports it before a model is asked for."""
