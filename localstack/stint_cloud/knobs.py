"""Settings that a test turns while the cloud runs, each one behind `/_stint/<its name>` (`front`)."""


class Knob:
    """Named numbers of 0 or more, with their values at rest."""

    def __init__(self, **rest):
        self.rest = rest
        self.now = dict(rest)

    def __getitem__(self, name):
        return self.now[name]

    def turn(self, values):
        """Raises ValueError for a name or a value that is none; what is not named goes back to rest."""
        if not isinstance(values, dict) or not set(values) <= set(self.rest):
            raise ValueError(f"known are {', '.join(self.rest)}")
        if any(isinstance(n, bool) or not isinstance(n, (int, float)) or n < 0 for n in values.values()):
            raise ValueError("numbers of 0 or more are needed")
        self.now = {**self.rest, **values}

    def report(self):
        return dict(self.now)
