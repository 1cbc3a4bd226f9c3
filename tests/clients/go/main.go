// Asks a Kubernetes API server what controllers written with client-go ask of it, prints each check and what was seen,
// and exits with 1 if one failed. MOONTIDE_TEST_KUBECONFIG names the server; arguments choose checks by a part of their
// name. It prints nothing that differs from one run to the next, so that two servers' answers can be compared.
package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

// A check is a sentence, and what is done to find it true.
type check struct {
	name string
	run  func(*session) error
}

func checks() []check {
	var all []check
	for _, some := range [][]check{
		informerChecks, watchChecks, electionChecks, deletionChecks, applyChecks, patchChecks, subresourceChecks,
		selectionChecks, writeChecks, customChecks, discoveryChecks, eventChecks, requestChecks, podChecks,
	} {
		all = append(all, some...)
	}
	return all
}

func connected() (*rest.Config, error) {
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("MOONTIDE_TEST_KUBECONFIG"))
	if err != nil {
		return nil, err
	}
	// What a client of the sandbox has to say: it may send protobuf, but is answered in JSON.
	config.ContentType = "application/json"
	config.AcceptContentTypes = "application/json"
	config.UserAgent = "moontide-clients"
	config.QPS = -1
	return config, nil
}

func chosen(name string, parts []string) bool {
	for _, part := range parts {
		if strings.Contains(name, part) {
			return true
		}
	}
	return len(parts) == 0
}

func main() {
	// What the libraries log is not what a server answered.
	klog.SetLogger(klog.Logger{})
	config, err := connected()
	if err != nil {
		fmt.Fprintf(os.Stderr, "MOONTIDE_TEST_KUBECONFIG names no server: %v\n", err)
		os.Exit(2)
	}
	passed, failed := 0, 0
	for _, one := range checks() {
		if !chosen(one.name, os.Args[1:]) {
			continue
		}
		start := time.Now()
		stuck := time.AfterFunc(2*deadline, func() { panic("stuck: " + one.name) })
		said, err := carriedOut(config, one)
		stuck.Stop()
		if err != nil {
			failed++
			fmt.Printf("FAILED %s: %s\n", one.name, err)
		} else {
			passed++
			fmt.Printf("ok     %s\n", one.name)
		}
		for _, line := range said {
			fmt.Printf("       %s\n", line)
		}
		fmt.Fprintf(os.Stderr, "%6.2f s  %s\n", time.Since(start).Seconds(), one.name)
	}
	fmt.Printf("%d passed, %d failed\n", passed, failed)
	if failed > 0 || passed == 0 {
		os.Exit(1)
	}
}

const deadline = 30 * time.Second

// Each check has a namespace of its own.
func carriedOut(config *rest.Config, one check) ([]string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	s, err := newSession(ctx, config)
	if err != nil {
		return nil, err
	}
	defer s.end()
	err = one.run(s)
	if err != nil {
		err = fmt.Errorf("%s", s.plain(err.Error()))
	}
	return s.said, err
}
