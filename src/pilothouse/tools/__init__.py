"""Tools: functions with side effects, reached through `ctx.act` only."""
