// Package secrets is an in-memory AWS Secrets Manager of one operation, GetSecretValue, as an http.Handler that speaks
// the AWS JSON 1.1 protocol.
//
// Known differences from AWS Secrets Manager: secrets are strings that never change, so each has one version, staged
// AWSCURRENT; an ARN is matched by the name in it; signatures are not checked; other operations are refused by name.
package secrets

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"
)

const (
	target          = "secretsmanager.GetSecretValue"
	currentStage    = "AWSCURRENT"
	maxRequestBytes = 64 << 10
	arnSuffix       = 7 // AWS ends an ARN with the name, a hyphen and six random characters.
)

// service is fixed after New, so it needs no lock.
type service struct {
	values  map[string]string
	created time.Time
	version string
}

// New returns a handler that answers with these secrets, by name. They may be asked for by name, by ARN or by an ARN
// without its random end (API Reference, GetSecretValue, SecretId). It may be called concurrently.
func New(secrets map[string]string) http.Handler {
	return &service{values: maps.Clone(secrets), created: time.Now(), version: rand.Text() + rand.Text()[:6]}
}

type input struct {
	SecretID     string `json:"SecretId"`
	VersionID    string `json:"VersionId"`
	VersionStage string
}

type output struct {
	ARN           string
	Name          string
	SecretString  string
	VersionID     string `json:"VersionId"`
	VersionStages []string
	CreatedDate   float64 // Seconds since 1970.
}

// ServeHTTP answers GetSecretValue.
func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Header().Set("X-Amzn-Requestid", rand.Text())
	if got := r.Header.Get("X-Amz-Target"); got != target {
		refuse(w, "UnknownOperationException", fmt.Sprintf("the operation %q is not supported locally", got))
		return
	}
	var in input
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequestBytes))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&in); err != nil {
		refuse(w, "InvalidRequestException", fmt.Sprintf("the request cannot be read: %v", err))
		return
	}
	name, known := s.find(in.SecretID)
	switch {
	case in.SecretID == "":
		refuse(w, "InvalidParameterException", "SecretId is required.")
	case !known:
		refuse(w, "ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
	case in.VersionStage != "" && in.VersionStage != currentStage, in.VersionID != "" && in.VersionID != s.version:
		refuse(w, "ResourceNotFoundException", "Secrets Manager can't find the specified secret value for the version.")
	default:
		write(w, http.StatusOK, output{
			ARN: "arn:aws:secretsmanager:us-east-1:000000000000:secret:" + name + "-000000", Name: name,
			SecretString: s.values[name], VersionID: s.version, VersionStages: []string{currentStage},
			CreatedDate: float64(s.created.UnixMilli()) / 1000,
		})
	}
}

// find returns the name of the secret that an id, a name or an ARN, stands for.
func (s *service) find(id string) (name string, known bool) {
	if parts := strings.SplitN(id, ":", 7); len(parts) == 7 && parts[0] == "arn" && parts[5] == "secret" {
		id = parts[6]
	}
	if _, known = s.values[id]; known {
		return id, true
	}
	if cut := len(id) - arnSuffix; cut > 0 && id[cut] == '-' {
		_, known = s.values[id[:cut]]
		return id[:cut], known
	}
	return "", false
}

func refuse(w http.ResponseWriter, code, message string) {
	write(w, http.StatusBadRequest, map[string]string{"__type": code, "Message": message})
}

func write(w http.ResponseWriter, status int, answer any) {
	body, err := json.Marshal(answer)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // The client has gone; there is nobody left to tell.
}
