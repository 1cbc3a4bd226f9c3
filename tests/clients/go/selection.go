package main

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/pager"
)

var selectionChecks = []check{
	{"labels select", labelSelectors},
	{"fields select", fieldSelectors},
	{"a pager reads a long list in pieces", pages},
	{"a collection is deleted by its selector", deletedCollection},
}

func labelSelectors(s *session) error {
	for name, labels := range map[string]map[string]string{
		"a": {"tier": "front", "app": "x"}, "b": {"tier": "back", "app": "x"}, "c": {"tier": "back"}, "d": nil,
	} {
		if _, err := s.client.CoreV1().ConfigMaps(s.namespace).Create(s,
			&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	for _, selector := range []string{"app=x", "app!=x", "tier in (front,back),app", "!app", "tier notin (back)", "tier==back,!app", "tier in (", "a b"} {
		list, err := s.client.CoreV1().ConfigMaps(s.namespace).List(s, metav1.ListOptions{LabelSelector: selector})
		if err != nil {
			// The words behind the colon are the parser's.
			s.say("%s: refused", selector)
			continue
		}
		var names []string
		for _, item := range list.Items {
			names = append(names, item.Name)
		}
		s.say("%s: %s", selector, strings.Join(names, " "))
	}
	return nil
}

func fieldSelectors(s *session) error {
	pod := examplePod("p")
	pod.Spec.NodeName = ""
	if _, err := s.client.CoreV1().Pods(s.namespace).Create(s, pod, metav1.CreateOptions{}); err != nil {
		return err
	}
	for _, selector := range []string{"metadata.name=p", "metadata.name!=p", "status.phase=Pending", "spec.nodeName=", "spec.nodeName=n", "spec.restartPolicy=Always,metadata.namespace=" + s.namespace, "spec.color=red"} {
		list, err := s.client.CoreV1().Pods(s.namespace).List(s, metav1.ListOptions{FieldSelector: selector})
		if err == nil {
			s.say("%s: %d", selector, len(list.Items))
		} else if err := s.sayRefused(selector, err); err != nil {
			return err
		}
	}
	_, err := s.client.CoreV1().ConfigMaps(s.namespace).List(s, metav1.ListOptions{FieldSelector: "data.a=1"})
	return s.sayRefused("a field of a ConfigMap", err)
}

func pages(s *session) error {
	const count, size = 25, 10
	maps := s.client.CoreV1().ConfigMaps(s.namespace)
	for i := range count {
		if _, err := s.configMap(fmt.Sprintf("m-%02d", i), nil); err != nil {
			return err
		}
	}
	reader := pager.New(func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		return maps.List(ctx, options)
	})
	reader.PageSize = size
	seen := 0
	if err := reader.EachListItem(s, metav1.ListOptions{}, func(object runtime.Object) error {
		if object.(*corev1.ConfigMap).Name != fmt.Sprintf("m-%02d", seen) {
			return fmt.Errorf("%s stands at %d", object.(*corev1.ConfigMap).Name, seen)
		}
		seen++
		return nil
	}); err != nil {
		return err
	}
	s.say("%d objects of %d pages", seen, s.requests.count("GET", "limit=10"))
	first, err := maps.List(s, metav1.ListOptions{Limit: size})
	if err != nil {
		return err
	}
	s.say("%d, %d remain", len(first.Items), *first.RemainingItemCount)
	// The pages are of one moment, whatever happens between them.
	if err := maps.Delete(s, "m-24", metav1.DeleteOptions{}); err != nil {
		return err
	}
	second, err := maps.List(s, metav1.ListOptions{Limit: 20, Continue: first.Continue})
	if err != nil {
		return err
	}
	s.say("%d, the same version: %v, more: %v", len(second.Items), first.ResourceVersion == second.ResourceVersion, second.Continue != "")
	_, err = maps.List(s, metav1.ListOptions{Limit: size, Continue: "odd"})
	if !apierrors.IsBadRequest(err) {
		return fmt.Errorf("an odd continue token: %w", err)
	}
	_, err = maps.List(s, metav1.ListOptions{Limit: size, Continue: first.Continue, ResourceVersion: "1"})
	if err := s.sayRefused("a continue token and a version", err); err != nil {
		return err
	}
	_, err = maps.List(s, metav1.ListOptions{ResourceVersionMatch: metav1.ResourceVersionMatchExact})
	return s.sayRefused("a match of no version", err)
}

func deletedCollection(s *session) error {
	maps := s.client.CoreV1().ConfigMaps(s.namespace)
	for _, name := range []string{"a", "b", "c"} {
		if _, err := maps.Create(s, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name,
			Labels: map[string]string{"keep": fmt.Sprint(name == "c")}}}, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	if err := maps.DeleteCollection(s, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "keep=false"}); err != nil {
		return err
	}
	left, err := maps.List(s, metav1.ListOptions{})
	if err != nil {
		return err
	}
	s.say("left: %d, %s", len(left.Items), left.Items[0].Name)
	return nil
}
