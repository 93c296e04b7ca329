package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/cgi"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

func newGitServerCommand() *cobra.Command {
	var address, root string
	command := &cobra.Command{
		Use:   "git-server --address HOST:PORT --root DIR",
		Short: "Serve the bare repositories below DIR by git's own http-backend, for reading and writing",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			out, err := exec.Command("git", "--exec-path").Output()
			if err != nil {
				return err
			}
			backend := &cgi.Handler{
				Path: filepath.Join(strings.TrimSpace(string(out)), "git-http-backend"),
				Env:  []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1", "REMOTE_USER=tests"},
			}
			return http.ListenAndServe(address, withLength(backend))
		},
	}
	command.Flags().StringVar(&address, "address", "", "where to listen")
	command.Flags().StringVar(&root, "root", "", "the folder of the repositories")
	return command
}

// withLength reads a chunked body whole, since CGI knows none: git sends a push of more than a MiB in chunks.
func withLength(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength < 0 {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			r.ContentLength = int64(len(body))
			r.TransferEncoding = nil
		}
		next.ServeHTTP(w, r)
	})
}
