"""The mini-games, one file each: how their rounds are made from a seed, how a response is read, how rounds are scored.

Every module has three functions: `rounds(levels, trials, dice)`, `read(round, response)` and `raw(rounds, responses)`.
A new game is a new file here, a line in `passport.games.PLAYS` and a section in `content/games.toml`.
"""
