package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Say which version this is",
		Long:    "Say which version this is, and with which Go release it was built.\n\nExit codes: 0 said, 2 wrong usage.",
		Example: "  sallyport version",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			info, known := debug.ReadBuildInfo()
			_, err := fmt.Fprintln(cmd.OutOrStdout(), version(info, known))
			return err
		},
	}
}

// version names the program, its version as the go command knows it, and the Go release it was built with.
func version(info *debug.BuildInfo, known bool) string {
	if !known || info.Main.Version == "" {
		return "sallyport, of an unknown version"
	}
	return "sallyport " + info.Main.Version + ", built with " + info.GoVersion
}
