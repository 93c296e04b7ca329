// Command appset answers what Argo CD itself makes of an ApplicationSet and the files of a commit.
//
// It reads JSON objects from standard input and writes one JSON object for each:
//
//	{"set": <ApplicationSet>, "files": {"<path>": "<text>"}, "newGlobbing": false}
//	{"applications": [<Application>], "stored": <bytes>, "written": <ApplicationSet>, "error": "<why there are none>"}
//
// "written" is the set as the controller writes it back, with all that its Go types add.
//
// Nothing of Argo CD is rewritten here: the files lie in a git work tree, Argo CD's git client lists them, its git
// generator and its renderer make the Applications, and its normalisation has the last word, as in the controller.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	log "github.com/sirupsen/logrus"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj/argo-cd/v3/applicationset/controllers/template"
	"github.com/argoproj/argo-cd/v3/applicationset/generators"
	"github.com/argoproj/argo-cd/v3/applicationset/status"
	"github.com/argoproj/argo-cd/v3/applicationset/utils"
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/argo"
	"github.com/argoproj/argo-cd/v3/util/git"
)

type question struct {
	Set         v1alpha1.ApplicationSet `json:"set"`
	Files       map[string]string       `json:"files"`
	NewGlobbing bool                    `json:"newGlobbing"`
}

type answer struct {
	Applications []application  `json:"applications"`
	Stored       int            `json:"stored"`
	Written      map[string]any `json:"written"`
	Error        string         `json:"error"`
}

// An Application as it is created: the status belongs to another controller.
type application struct {
	APIVersion string                   `json:"apiVersion"`
	Kind       string                   `json:"kind"`
	Metadata   map[string]any           `json:"metadata"`
	Spec       v1alpha1.ApplicationSpec `json:"spec"`
}

// A worktree answers as the repo-server does, from one folder.
type worktree struct {
	root        string
	newGlobbing bool
}

func (w worktree) GetFiles(_ context.Context, repoURL, _, _, pattern string, _ bool, _ *v1alpha1.SourceIntegrity) (map[string][]byte, error) {
	repository, err := git.NewClientExt(repoURL, w.root, git.NopCreds{}, false, false, "", "")
	if err != nil {
		return nil, err
	}
	paths, err := repository.LsFiles(pattern, w.newGlobbing)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, path := range paths {
		if files[path], err = os.ReadFile(filepath.Join(w.root, path)); err != nil {
			return nil, err
		}
	}
	return files, nil
}

func (w worktree) GetDirectories(context.Context, string, string, string, bool, *v1alpha1.SourceIntegrity) ([]string, error) {
	return nil, errors.New("only the files generator is asked for")
}

// The git generator looks its project up when that is no template; any project will do.
type projects struct{ client.Client }

func (projects) Get(context.Context, client.ObjectKey, client.Object, ...client.GetOption) error {
	return nil
}

func expand(root string, asked question) (answered answer) {
	defer func() {
		if reason := recover(); reason != nil {
			answered = answer{Error: fmt.Sprintf("panic: %v", reason)}
		}
	}()
	if err := fill(root, asked.Files); err != nil {
		log.Fatal(err)
	}
	repositories := worktree{root: root, newGlobbing: asked.NewGlobbing}
	made, _, err := template.GenerateApplications(
		log.NewEntry(log.StandardLogger()),
		asked.Set,
		map[string]generators.Generator{"Git": generators.NewGitGenerator(repositories, asked.Set.Namespace)},
		&utils.Render{},
		projects{},
	)
	if err != nil {
		return answer{Error: err.Error()}
	}
	answered.Written = asMap(asked.Set)
	answered.Applications = []application{}
	for i := range made {
		made[i].APIVersion = v1alpha1.ApplicationSchemaGroupVersionKind.GroupVersion().String()
		made[i].Kind = v1alpha1.ApplicationSchemaGroupVersionKind.Kind
		made[i].Status.Sync.Status = v1alpha1.SyncStatusCodeOutOfSync
		made[i].Status.Health.Status = "Progressing"
		answered.Applications = append(answered.Applications, application{
			APIVersion: made[i].APIVersion,
			Kind:       made[i].Kind,
			Metadata:   asMap(made[i].ObjectMeta),
			Spec:       *argo.NormalizeApplicationSpec(&made[i].Spec),
		})
	}
	for _, row := range status.BuildResourceStatus(map[string]v1alpha1.ResourceStatus{}, made) {
		asked.Set.Status.Resources = append(asked.Set.Status.Resources, row)
	}
	asked.Set.Status.ResourcesCount = int64(len(asked.Set.Status.Resources))
	stored, err := json.Marshal(asked.Set)
	if err != nil {
		return answer{Error: err.Error()}
	}
	answered.Stored = len(stored)
	return answered
}

func asMap(value any) map[string]any {
	text, err := json.Marshal(value)
	if err != nil {
		log.Fatal(err)
	}
	fields := map[string]any{}
	if err := json.Unmarshal(text, &fields); err != nil {
		log.Fatal(err)
	}
	return fields
}

// fill makes the work tree and the index hold these files and no others.
func fill(root string, files map[string]string) error {
	entries, err := os.ReadDir(root)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Name() != ".git" {
			if err := os.RemoveAll(filepath.Join(root, entry.Name())); err != nil {
				return err
			}
		}
	}
	for path, text := range files {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return run(root, "add", "--all", "--force")
}

func run(root string, arguments ...string) error {
	command := exec.Command("git", append([]string{"-C", root, "-c", "core.autocrlf=false"}, arguments...)...)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w: %s", arguments, err, output)
	}
	return nil
}

func main() {
	log.SetOutput(io.Discard)
	root, err := os.MkdirTemp("", "appset-oracle-")
	if err == nil {
		err = run(root, "init", "--quiet")
	}
	if err == nil {
		err = answerAll(root)
	}
	os.RemoveAll(root)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func answerAll(root string) error {
	questions := json.NewDecoder(bufio.NewReader(os.Stdin))
	answers := json.NewEncoder(os.Stdout)
	for {
		asked := question{}
		if err := questions.Decode(&asked); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := answers.Encode(expand(root, asked)); err != nil {
			return err
		}
	}
}
