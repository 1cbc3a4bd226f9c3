package main

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

var electionChecks = []check{
	{"of two candidates one leads, and the other follows when it lets go", electionReleased},
	{"a leader that is silent loses its Lease when that ends", electionExpired},
}

type candidate struct {
	name    string
	stop    context.CancelFunc
	stopped chan struct{}
}

func (s *session) candidate(name string, release bool, leads chan<- string) (*candidate, error) {
	ctx, cancel := context.WithCancel(s)
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: &resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Name: "leader", Namespace: s.namespace},
			Client:     s.client.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: name},
		},
		LeaseDuration:   2 * time.Second,
		RenewDeadline:   time.Second,
		RetryPeriod:     100 * time.Millisecond,
		ReleaseOnCancel: release,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(context.Context) { leads <- name },
			OnStoppedLeading: func() {},
		},
	})
	if err != nil {
		cancel()
		return nil, err
	}
	made := &candidate{name, cancel, make(chan struct{})}
	go func() {
		defer close(made.stopped)
		elector.Run(ctx)
	}()
	return made, nil
}

func (s *session) election(release bool) error {
	leads := make(chan string, 10)
	candidates := map[string]*candidate{}
	defer func() {
		for _, one := range candidates {
			one.stop()
			<-one.stopped
		}
	}()
	for _, name := range []string{"first", "second"} {
		one, err := s.candidate(name, release, leads)
		if err != nil {
			return err
		}
		candidates[name] = one
		// The first one leads before there is a second.
		if name == "first" {
			if err := s.led(leads, "first"); err != nil {
				return err
			}
		}
	}
	candidates["first"].stop()
	<-candidates["first"].stopped
	return s.led(leads, "second")
}

// The next to lead is this one, and its Lease says so.
func (s *session) led(leads <-chan string, name string) error {
	select {
	case is := <-leads:
		if is != name {
			return fmt.Errorf("%s leads, not %s", is, name)
		}
	case <-s.Done():
		return fmt.Errorf("%s does not lead", name)
	}
	lease, err := s.client.CoordinationV1().Leases(s.namespace).Get(s, "leader", metav1.GetOptions{})
	if err != nil {
		return err
	}
	s.say("%s leads for %d s, transitions: %d", *lease.Spec.HolderIdentity, *lease.Spec.LeaseDurationSeconds, *lease.Spec.LeaseTransitions)
	return nil
}

func electionReleased(s *session) error { return s.election(true) }
func electionExpired(s *session) error  { return s.election(false) }
