"""Coverage: what could be judged if a run began now, what is missing, what enabling it adds."""
