package main

import (
	"fmt"
	"strconv"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"
)

var writeChecks = []check{
	{"two that count with retries on conflicts lose nothing", retriedConflicts},
	{"an update of an old version is a conflict", staleUpdate},
	{"a dry run judges and stores nothing", dryRuns},
	{"what cannot be is refused with its causes", refusals},
	{"strict validation refuses unknown fields, a warning names them", validation},
}

func retriedConflicts(s *session) error {
	maps := s.client.CoreV1().ConfigMaps(s.namespace)
	if _, err := s.configMap("count", map[string]string{"n": "0"}); err != nil {
		return err
	}
	// Both read before either writes, at least once.
	var met sync.WaitGroup
	met.Add(2)
	results := make(chan error, 2)
	for range 2 {
		go func() {
			first := true
			for range 10 {
				err := retry.RetryOnConflict(retry.DefaultBackoff, func() error {
					object, err := maps.Get(s, "count", metav1.GetOptions{})
					if first {
						first = false
						met.Done()
						met.Wait()
					}
					if err != nil {
						return err
					}
					n, err := strconv.Atoi(object.Data["n"])
					if err != nil {
						return err
					}
					object.Data["n"] = strconv.Itoa(n + 1)
					_, err = maps.Update(s, object, metav1.UpdateOptions{})
					return err
				})
				if err != nil {
					results <- err
					return
				}
			}
			results <- nil
		}()
	}
	for range 2 {
		if err := <-results; err != nil {
			return err
		}
	}
	object, err := maps.Get(s, "count", metav1.GetOptions{})
	if err != nil {
		return err
	}
	if s.requests.count("PUT") == 20 {
		return fmt.Errorf("there was no conflict")
	}
	return same("the count", "20", object.Data["n"])
}

func staleUpdate(s *session) error {
	maps := s.client.CoreV1().ConfigMaps(s.namespace)
	object, err := s.configMap("x", map[string]string{"a": "1"})
	if err != nil {
		return err
	}
	old := object.DeepCopy()
	object.Data["a"] = "2"
	if object, err = maps.Update(s, object, metav1.UpdateOptions{}); err != nil {
		return err
	}
	same, err := maps.Update(s, object, metav1.UpdateOptions{})
	if err != nil {
		return err
	}
	s.say("an update of nothing keeps the version: %v", same.ResourceVersion == object.ResourceVersion)
	_, err = maps.Update(s, old, metav1.UpdateOptions{})
	if err := s.sayRefused("an old version", err); err != nil {
		return err
	}
	old.UID = "00000000-0000-0000-0000-000000000000"
	old.ResourceVersion = ""
	_, err = maps.Update(s, old, metav1.UpdateOptions{})
	if err := s.sayRefused("another uid", err); err != nil {
		return err
	}
	old.UID = ""
	if _, err = maps.Update(s, old, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("an update of whatever is there: %w", err)
	}
	old.Name = "none"
	_, err = maps.Update(s, old, metav1.UpdateOptions{})
	return s.sayRefused("an update of nothing", err)
}

func dryRuns(s *session) error {
	maps := s.client.CoreV1().ConfigMaps(s.namespace)
	dry := []string{metav1.DryRunAll}
	made, err := maps.Create(s, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "x"}}, metav1.CreateOptions{DryRun: dry})
	if err != nil {
		return err
	}
	s.say("uid: %v, version: %q", made.UID != "", made.ResourceVersion)
	_, err = maps.Get(s, "x", metav1.GetOptions{})
	if err := s.sayRefused("what was not made", err); err != nil {
		return err
	}
	object, err := s.configMap("x", map[string]string{"a": "1"})
	if err != nil {
		return err
	}
	changed := object.DeepCopy()
	changed.Data["a"] = "2"
	if changed, err = maps.Update(s, changed, metav1.UpdateOptions{DryRun: dry}); err != nil {
		return err
	}
	s.say("%v, the same version: %v", changed.Data, changed.ResourceVersion == object.ResourceVersion)
	_, err = maps.Create(s, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "x"}}, metav1.CreateOptions{DryRun: dry})
	if err := s.sayRefused("one more", err); err != nil {
		return err
	}
	_, err = maps.Create(s, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "y"}}, metav1.CreateOptions{DryRun: []string{"Some"}})
	if err := s.sayRefused("an odd dry run", err); err != nil {
		return err
	}
	after, err := maps.Get(s, "x", metav1.GetOptions{})
	if err != nil {
		return err
	}
	return same("the version", object.ResourceVersion, after.ResourceVersion)
}

func refusals(s *session) error {
	maps := s.client.CoreV1().ConfigMaps(s.namespace)
	for _, one := range []struct {
		what   string
		object corev1.ConfigMap
	}{
		{"a bad name", corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "Not_A_Name"}}},
		{"no name", corev1.ConfigMap{}},
		{"a bad key", corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "x"}, Data: map[string]string{"a/b": "1"}}},
		{"a key twice", corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "x"}, Data: map[string]string{"a": "1"}, BinaryData: map[string][]byte{"a": {1}}}},
		{"too much data", corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "x"}, Data: map[string]string{"a": strings.Repeat("x", 1<<20+1)}}},
		{"a version", corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "x", ResourceVersion: "7"}}},
		{"another namespace", corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "x", Namespace: "other"}}},
		{"bad labels", corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "x", Labels: map[string]string{"-": "1", "a": "b c"}}}},
	} {
		_, err := maps.Create(s, &one.object, metav1.CreateOptions{})
		if err := s.sayRefused(one.what, err); err != nil {
			return err
		}
	}
	generated, err := maps.Create(s, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{GenerateName: "made-"}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	s.say("a generated name has %d characters", len(generated.Name))
	_, err = s.client.CoreV1().ConfigMaps("no-such-namespace").Create(s, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "x"}}, metav1.CreateOptions{})
	return s.sayRefused("a namespace that is not there", err)
}

func validation(s *session) error {
	body := []byte(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x","color":"red"},"data":{"a":"1","a":"2"},"odd":1}`)
	for _, mode := range []string{"Strict", "Ignore", "Odd"} {
		err := s.client.CoreV1().RESTClient().Post().Namespace(s.namespace).Resource("configmaps").
			Param("fieldValidation", mode).Body(body).Do(s).Error()
		if mode == "Ignore" {
			if err != nil {
				return err
			}
		} else if err := s.sayRefused(mode, err); err != nil {
			return err
		}
	}
	warnings := &warned{}
	client, err := s.warnedClient(warnings)
	if err != nil {
		return err
	}
	if err := client.CoreV1().RESTClient().Put().Namespace(s.namespace).Resource("configmaps").Name("x").
		Param("fieldValidation", "Warn").Body(body).Do(s).Error(); err != nil {
		return err
	}
	for _, text := range warnings.texts {
		s.say("warning: %s", text)
	}
	return nil
}
