package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"sluice/internal/cmd/upload/parts"
)

const (
	localAPI = "http://127.0.0.1:3000" // of make run
	localKey = "local"
	// keyVariable has the API key, which so stands in no list of processes.
	keyVariable = "SLUICE_KEY"
	// mostParallel is more than a machine's line or an account's Lambda functions are likely to take.
	mostParallel = 32
	standardIn   = "-"
)

type options struct {
	path, campaign, api, key, columns string
	first, parallel                   int
	replace, plain                    bool
	limits                            parts.Limits
	client                            *http.Client
}

func readOptions(args []string, getenv func(string) string, out io.Writer) (options, error) {
	o := options{limits: parts.Usual(), key: cmp.Or(getenv(keyVariable), localKey)}
	flags := flag.NewFlagSet("upload", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // the error says it
	flags.StringVar(&o.path, "file", "", "the CSV `file`, as it is or packed with gzip; - for the standard input")
	flags.StringVar(&o.campaign, "campaign", "", "the `id` of the draft")
	flags.StringVar(&o.api, "api", localAPI, "the `URL` of the API; its key is in "+keyVariable)
	flags.StringVar(&o.columns, "columns", "", "which column is what, as in number:Mobile,first_name:Vorname; empty: by their headers")
	flags.IntVar(&o.first, "first-part", 1, "the number of the file's first part")
	flags.BoolVar(&o.replace, "replace", false, "overwrite parts that hold something else, and remove those behind the file's last one")
	flags.IntVar(&o.parallel, "parallel", 4, "parts that are under way at the same moment")
	flags.BoolVar(&o.plain, "plain", false, "send parts as they are, not packed with gzip")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			flags.SetOutput(out)
			flags.Usage()
		}
		return o, err
	}
	var err error
	if o.api, err = readAPI(o.api); err != nil {
		return o, err
	}
	o.client = newClient(o.parallel)
	return o, errors.Join(o.check(), unused(flags.Args()))
}

func (o options) check() error {
	var faults []error
	if o.path == "" || o.campaign == "" {
		faults = append(faults, errors.New("usage: make upload FILE=<list.csv> CAMPAIGN=<id of a draft> "+
			"[API="+localAPI+" KEY="+localKey+" COLUMNS=number:Mobile,first_name:Vorname FIRST_PART=1 REPLACE=1]"))
	}
	if o.first < 0 || o.first > parts.MaxPart {
		faults = append(faults, fmt.Errorf("FIRST_PART is %d: it must be 0 to %d", o.first, parts.MaxPart))
	}
	if o.parallel < 1 || o.parallel > mostParallel {
		faults = append(faults, fmt.Errorf("%d parts at the same moment: it must be 1 to %d", o.parallel, mostParallel))
	}
	return errors.Join(faults...)
}

func unused(args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%d words too many on the command line", len(args))
	}
	return nil
}

// readAPI lets the key travel in the clear on this machine only.
func readAPI(text string) (string, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return "", errors.New("API must be like https://abc123.execute-api.eu-west-1.amazonaws.com")
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
		return strings.TrimSuffix(u.String(), "/"), nil
	default:
		return "", fmt.Errorf("API is %s: it must begin with https://, or the key would travel in the clear", u)
	}
}

func isLoopback(host string) bool { return host == "localhost" || net.ParseIP(host).IsLoopback() }

func (o options) isLocal() bool { return strings.HasPrefix(o.api, "http://") }

// newClient follows no redirect: it would not carry the key along, nor should it.
func newClient(parallel int) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = parallel
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func isUnreachable(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }

// name is what the file is called to a person.
func (o options) name() string {
	if o.path == standardIn {
		return "the standard input"
	}
	return filepath.Base(o.path)
}

// open returns the file, and its size in bytes; 0 where nobody knows it.
func (o options) open(in io.Reader) (io.ReadCloser, int64, error) {
	if o.path == standardIn {
		return io.NopCloser(in), 0, nil
	}
	file, err := os.Open(o.path)
	if err != nil {
		if cause, is := errors.AsType[*fs.PathError](err); is {
			err = cause.Err
		}
		return nil, 0, fmt.Errorf("open %s: %w", o.path, err)
	}
	info, err := file.Stat()
	switch {
	case err != nil:
	case info.IsDir():
		err = errors.New("is a folder")
	case info.Mode().IsRegular():
		return file, info.Size(), nil
	default:
		return file, 0, nil
	}
	_ = file.Close() // it was only to be read
	return nil, 0, fmt.Errorf("open %s: %w", o.path, err)
}
