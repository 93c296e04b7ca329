package main

import (
	"os"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/spf13/cobra"
)

// newRedisCommand serves the in-memory redis that Argo CD's own `argocd admin dashboard` runs on.
func newRedisCommand() *cobra.Command {
	var address string
	command := &cobra.Command{
		Use:   "redis --address HOST:PORT",
		Short: "A redis in memory, with the password of $REDIS_PASSWORD",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			server := miniredis.NewMiniRedis()
			server.RequireAuth(os.Getenv("REDIS_PASSWORD"))
			if err := server.StartAddr(address); err != nil {
				return err
			}
			for range time.Tick(time.Second) {
				server.FastForward(time.Second) // it leaves the clock, and so every expiry, to its caller
			}
			return nil
		},
	}
	command.Flags().StringVar(&address, "address", "", "where to listen")
	return command
}
