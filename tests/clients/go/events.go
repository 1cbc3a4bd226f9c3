package main

import (
	"errors"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/tools/record"
)

var eventChecks = []check{
	{"a recorder counts what happens again", coreRecorder},
	{"a recorder of events.k8s.io makes a series, and core readers see it", newRecorder},
	{"an event of one group is read and changed in the other", eventsInBothGroups},
}

func coreRecorder(s *session) error {
	object, err := s.configMap("x", nil)
	if err != nil {
		return err
	}
	watcher, err := s.client.CoreV1().Events(s.namespace).Watch(s, metav1.ListOptions{FieldSelector: "involvedObject.name=x,reason=Checked"})
	if err != nil {
		return err
	}
	defer watcher.Stop()
	broadcaster := record.NewBroadcaster(record.WithContext(s))
	defer broadcaster.Shutdown()
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: s.client.CoreV1().Events(s.namespace)})
	recorder := broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "client"})
	for range 3 {
		recorder.Eventf(object, corev1.EventTypeNormal, "Checked", "found %d", 7)
	}
	event, err := s.event(watcher, func(event watch.Event) bool { return event.Object.(*corev1.Event).Count == 3 })
	if err != nil {
		return err
	}
	seen := event.Object.(*corev1.Event)
	s.say("%s %s %q of %s %s, %d times", seen.Type, seen.Reason, seen.Message, seen.InvolvedObject.Kind, seen.InvolvedObject.Name, seen.Count)
	return nil
}

func newRecorder(s *session) error {
	object, err := s.configMap("x", nil)
	if err != nil {
		return err
	}
	watcher, err := s.client.EventsV1().Events(s.namespace).Watch(s, metav1.ListOptions{FieldSelector: "regarding.name=x,reason=Checked"})
	if err != nil {
		// The selectors of this group have the other's names; a server says so.
		if err := s.sayRefused("a selector by regarding", err); err != nil {
			return err
		}
		if watcher, err = s.client.EventsV1().Events(s.namespace).Watch(s, metav1.ListOptions{}); err != nil {
			return err
		}
	}
	defer watcher.Stop()
	broadcaster := events.NewBroadcaster(&events.EventSinkImpl{Interface: s.client.EventsV1()})
	defer broadcaster.Shutdown()
	if err := broadcaster.StartRecordingToSinkWithContext(s); err != nil {
		return err
	}
	recorder := broadcaster.NewRecorder(scheme.Scheme, "client.moontide.test/recorder")
	for range 2 {
		recorder.Eventf(object, nil, corev1.EventTypeWarning, "Checked", "Check", "found %d", 7)
	}
	event, err := s.event(watcher, func(event watch.Event) bool { return event.Object.(*eventsv1.Event).Series != nil })
	if err != nil {
		return err
	}
	seen := event.Object.(*eventsv1.Event)
	s.say("%s %s %s %q of %s %s, %d times", seen.Type, seen.Reason, seen.Action, seen.Note, seen.Regarding.Kind, seen.Regarding.Name, seen.Series.Count)
	old, err := s.client.CoreV1().Events(s.namespace).Get(s, seen.Name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	s.say("%s %s %s %q of %s, by %s, %d times", old.Type, old.Reason, old.Action, old.Message, old.InvolvedObject.Name, old.ReportingController, old.Series.Count)
	return same("the uid", seen.UID, old.UID)
}

func eventsInBothGroups(s *session) error {
	object, err := s.configMap("x", nil)
	if err != nil {
		return err
	}
	now := metav1.Now()
	made, err := s.client.CoreV1().Events(s.namespace).Create(s, &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{Name: "e"},
		InvolvedObject: corev1.ObjectReference{APIVersion: "v1", Kind: "ConfigMap", Namespace: s.namespace, Name: "x", UID: object.UID},
		Reason:         "Tried", Message: "once more", Type: "Normal", Count: 4, FirstTimestamp: now, LastTimestamp: now,
		Source: corev1.EventSource{Component: "hand", Host: "here"},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	modern := s.client.EventsV1().Events(s.namespace)
	seen, err := modern.Get(s, "e", metav1.GetOptions{})
	if err != nil {
		return err
	}
	s.say("%q of %s, %d times, by %v, the same version: %v", seen.Note, seen.Regarding.Name, seen.DeprecatedCount, seen.DeprecatedSource, seen.ResourceVersion == made.ResourceVersion)
	seen.DeprecatedCount = 5
	if seen, err = modern.Update(s, seen, metav1.UpdateOptions{}); err != nil {
		if err := s.sayRefused("a change in the new group", err); err != nil {
			return err
		}
	}
	if _, err = modern.Create(s, &eventsv1.Event{ObjectMeta: metav1.ObjectMeta{Name: "bad"}}, metav1.CreateOptions{}); err == nil {
		return errors.New("an empty event was created")
	}
	if err := s.sayRefused("an empty event", err); err != nil {
		return err
	}
	all, err := modern.List(s, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, one := range all.Items {
		s.say("%s: %q, %d times", one.Name, one.Note, one.DeprecatedCount)
	}
	return nil
}
