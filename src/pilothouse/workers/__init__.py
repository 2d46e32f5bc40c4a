"""Workers: the processes that execute runs, of every tenant."""
