// Package cli is the command line of a server's own binary. It adds to
// [server.Config] what that leaves out: a YAML file, the environment and flags.
//
// Settings come from the program's Config, then the YAML file, the environment
// and the flags; the later one wins. An unknown key of the file and an unknown
// flag are mistakes, an unknown environment variable is not. See [Main] for
// the commands and exit codes.
package cli
