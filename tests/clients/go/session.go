package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// A session is a check's connection to the server: clients, a namespace of its own, and what it has to say.
type session struct {
	context.Context
	config    *rest.Config
	client    kubernetes.Interface
	dynamic   dynamic.Interface
	namespace string
	said      []string
	requests  *requests
}

// The requests that went out, as "GET /api/v1/namespaces?watch=true".
type requests struct {
	mutex  sync.Mutex
	all    []string
	notice chan struct{} // closed and made anew with each request
}

func (r *requests) add(request *http.Request) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.all = append(r.all, request.Method+" "+request.URL.RequestURI())
	close(r.notice)
	r.notice = make(chan struct{})
}

// Waits until that many requests hold all the parts.
func (r *requests) await(ctx context.Context, count int, parts ...string) error {
	for {
		r.mutex.Lock()
		found, notice := 0, r.notice
		for _, request := range r.all {
			if containsAll(request, parts) {
				found++
			}
		}
		r.mutex.Unlock()
		if found >= count {
			return nil
		}
		select {
		case <-notice:
		case <-ctx.Done():
			return fmt.Errorf("%d requests with %q, wanted %d", found, parts, count)
		}
	}
}

func (r *requests) count(parts ...string) int {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	found := 0
	for _, request := range r.all {
		if containsAll(request, parts) {
			found++
		}
	}
	return found
}

func containsAll(text string, parts []string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}

type recorded struct {
	inner    http.RoundTripper
	requests *requests
}

func (r recorded) RoundTrip(request *http.Request) (*http.Response, error) {
	r.requests.add(request)
	return r.inner.RoundTrip(request)
}

func newSession(ctx context.Context, config *rest.Config) (*session, error) {
	s := &session{Context: ctx, config: rest.CopyConfig(config), requests: &requests{notice: make(chan struct{})}}
	s.config.Wrap(func(inner http.RoundTripper) http.RoundTripper { return recorded{inner, s.requests} })
	var err error
	if s.client, err = kubernetes.NewForConfig(s.config); err != nil {
		return nil, err
	}
	if s.dynamic, err = dynamic.NewForConfig(s.config); err != nil {
		return nil, err
	}
	made, err := s.client.CoreV1().Namespaces().Create(ctx,
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "client-"}}, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("no namespace: %w", err)
	}
	s.namespace = made.Name
	return s, nil
}

// The namespace goes while the next check runs.
func (s *session) end() {
	_ = s.client.CoreV1().Namespaces().Delete(context.Background(), s.namespace, metav1.DeleteOptions{})
}

var differing = []struct {
	pattern *regexp.Regexp
	word    string
}{
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "UID"},
	{regexp.MustCompile(`\d{4}-\d{2}-\d{2}T[0-9:.]+Z`), "TIME"},
	{regexp.MustCompile(`https://[0-9.]+:\d+`), "SERVER"},
	{regexp.MustCompile(`(in record \(|\\"resourceVersion\\":\\")\d+`), "${1}VERSION"},
}

// Without what differs from one run to the next.
func (s *session) plain(text string) string {
	text = strings.ReplaceAll(text, s.namespace, "NAMESPACE")
	for _, one := range differing {
		text = one.pattern.ReplaceAllString(text, one.word)
	}
	return text
}

// Something that the server answered, to be compared with another server's answer.
func (s *session) say(format string, values ...any) {
	s.said = append(s.said, s.plain(fmt.Sprintf(format, values...)))
}

// A refusal, as clients see it. Causes come in any order.
func (s *session) sayRefused(what string, err error) error {
	if err == nil {
		return fmt.Errorf("%s was not refused", what)
	}
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return fmt.Errorf("%s: %w", what, err)
	}
	answer := status.Status()
	s.say("%s: %d %s", what, answer.Code, answer.Reason)
	var causes []string
	if answer.Details != nil {
		for _, cause := range answer.Details.Causes {
			causes = append(causes, fmt.Sprintf("- %s %s: %s", cause.Type, cause.Field, cause.Message))
		}
	}
	if len(causes) == 0 {
		s.say("- %s", answer.Message)
	}
	slices.Sort(causes)
	// A server may name one twice.
	for _, cause := range slices.Compact(causes) {
		s.say("%s", cause)
	}
	return nil
}

// The first event of a watch for which `is` holds.
func (s *session) event(from watch.Interface, is func(watch.Event) bool) (watch.Event, error) {
	for {
		select {
		case event, open := <-from.ResultChan():
			if !open {
				return event, errors.New("the watch ended")
			}
			if event.Type == watch.Error {
				return event, apierrors.FromObject(event.Object)
			}
			if is(event) {
				return event, nil
			}
		case <-s.Done():
			return watch.Event{}, errors.New("waited for an event in vain")
		}
	}
}

func (s *session) configMap(name string, data map[string]string) (*corev1.ConfigMap, error) {
	return s.client.CoreV1().ConfigMaps(s.namespace).Create(s, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: name}, Data: data,
	}, metav1.CreateOptions{})
}

func same[T comparable](what string, want, is T) error {
	if want != is {
		return fmt.Errorf("%s is %v, not %v", what, is, want)
	}
	return nil
}
