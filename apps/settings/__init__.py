"""The settings of each program: one class a program, made of groups that several programs share."""
