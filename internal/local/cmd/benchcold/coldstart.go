package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// patience is how long a cold start may take; Lambda's own limit for the part before the first event is 10 s.
const patience = 10 * time.Second

// beginning is what a cold start took, both from the moment that the process was started.
type beginning struct{ init, answer time.Duration }

// coldStart starts the executable, gives it one event and ends it. proof must be part of the answer.
func coldStart(ctx context.Context, path string, env []string, event []byte, proof string) (beginning, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return beginning{}, fmt.Errorf("listen for the Runtime API: %w", err)
	}
	r := &runtimeAPI{event: event, asked: make(chan time.Time, 1), answered: make(chan answer, 1)}
	server := &http.Server{Handler: r.handler(), ReadHeaderTimeout: patience}
	go func() { _ = server.Serve(listener) }() // always ErrServerClosed
	defer func() { _ = server.Close() }()      // the process is gone, and with it all connections

	if path, err = filepath.Abs(path); err != nil {
		return beginning{}, fmt.Errorf("find the executable: %w", err)
	}
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, path)
	cmd.Env = append(env, "AWS_LAMBDA_RUNTIME_API="+listener.Addr().String())
	cmd.Stdout, cmd.Stderr = &said, &said
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return beginning{}, fmt.Errorf("start: %w", err)
	}
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		_ = cmd.Wait() // it is killed, or its last words are told
	}()
	began, err := r.watch(start, exited, proof)
	cancel()
	<-exited
	if err != nil {
		return began, fmt.Errorf("%w\n%s", err, &said)
	}
	return began, nil
}

type answer struct {
	at   time.Time
	body string
}

// runtimeAPI is as much of Lambda's as one event takes (Lambda Developer Guide, "Using the Lambda runtime API").
type runtimeAPI struct {
	event    []byte
	asked    chan time.Time
	answered chan answer
}

const invocation = "/2018-06-01/runtime/invocation/"

func (r *runtimeAPI) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+invocation+"next", r.next)
	mux.HandleFunc("POST "+invocation+"{id}/{kind}", r.answer)
	return mux
}

func (r *runtimeAPI) next(w http.ResponseWriter, request *http.Request) {
	select {
	case r.asked <- time.Now():
	default:
		<-request.Context().Done() // there is no second event
		return
	}
	w.Header().Set("Lambda-Runtime-Aws-Request-Id", "cold-start")
	w.Header().Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(time.Minute).UnixMilli(), 10))
	_, _ = w.Write(r.event) // a process that is gone is noticed by its exit
}

func (r *runtimeAPI) answer(w http.ResponseWriter, request *http.Request) {
	at := time.Now()
	body, _ := io.ReadAll(request.Body) // half an answer is a wrong one
	r.answered <- answer{at, request.PathValue("kind") + " " + string(body)}
	w.WriteHeader(http.StatusAccepted)
}

func (r *runtimeAPI) watch(start time.Time, exited <-chan struct{}, proof string) (beginning, error) {
	select {
	case a := <-r.answered:
		began := beginning{(<-r.asked).Sub(start), a.at.Sub(start)}
		if !strings.HasPrefix(a.body, "response ") || !strings.Contains(a.body, proof) {
			return began, fmt.Errorf("the answer is not one with %s: %s", proof, a.body)
		}
		return began, nil
	case <-exited:
		return beginning{}, errors.New("ended without an answer")
	}
}

// parts are what the probe prints.
type parts struct{ Config, Constructor time.Duration }

func probed(ctx context.Context, probe, function string, env []string) (parts, error) {
	cmd := exec.CommandContext(ctx, probe, function)
	cmd.Env = env
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return parts{}, fmt.Errorf("probe: %w\n%s", err, &complaint)
	}
	var p parts
	if err := json.Unmarshal(out, &p); err != nil {
		return parts{}, fmt.Errorf("probe: %w: %s", err, out)
	}
	return p, nil
}
