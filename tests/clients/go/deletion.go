package main

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
)

var deletionChecks = []check{
	{"a finalizer holds a deleted object until it is removed", finalizer},
	{"in the background dependents go after their owner", func(s *session) error { return s.propagated(metav1.DeletePropagationBackground) }},
	{"in the foreground an owner waits for its dependents", func(s *session) error { return s.propagated(metav1.DeletePropagationForeground) }},
	{"orphans stay when their owner goes", func(s *session) error { return s.propagated(metav1.DeletePropagationOrphan) }},
	{"a delete with preconditions wants this object, as it was seen", deletionPreconditions},
	{"a namespace goes with all that is in it", deletedNamespace},
}

func finalizer(s *session) error {
	maps := s.client.CoreV1().ConfigMaps(s.namespace)
	object, err := maps.Create(s, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "held",
		Finalizers: []string{"client.moontide.test/hold", "client.moontide.test/more"}}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	watcher, err := maps.Watch(s, metav1.ListOptions{ResourceVersion: object.ResourceVersion})
	if err != nil {
		return err
	}
	defer watcher.Stop()
	if err := maps.Delete(s, "held", metav1.DeleteOptions{}); err != nil {
		return err
	}
	event, err := s.event(watcher, func(watch.Event) bool { return true })
	if err != nil {
		return err
	}
	object = event.Object.(*corev1.ConfigMap)
	s.say("%s, terminating: %v, grace: %v", event.Type, object.DeletionTimestamp != nil, *object.DeletionGracePeriodSeconds)
	_, err = s.configMap("held", nil)
	if err := s.sayRefused("another of the name", err); err != nil {
		return err
	}
	object.Finalizers = append(object.Finalizers, "client.moontide.test/late")
	_, err = maps.Update(s, object, metav1.UpdateOptions{})
	if err := s.sayRefused("one more finalizer", err); err != nil {
		return err
	}
	object.Finalizers = []string{"client.moontide.test/more"}
	if object, err = maps.Update(s, object, metav1.UpdateOptions{}); err != nil {
		return err
	}
	if _, err = maps.Patch(s, "held", types.JSONPatchType, []byte(`[{"op":"remove","path":"/metadata/finalizers"}]`), metav1.PatchOptions{}); err != nil {
		return err
	}
	event, err = s.event(watcher, func(event watch.Event) bool { return event.Type == watch.Deleted })
	if err != nil {
		return err
	}
	last := event.Object.(*corev1.ConfigMap)
	s.say("%s, finalizers: %v, its version is a new one: %v", event.Type, last.Finalizers, last.ResourceVersion != object.ResourceVersion)
	return nil
}

// An owner with two dependents, one of which blocks it, is deleted.
func (s *session) propagated(policy metav1.DeletionPropagation) error {
	maps := s.client.CoreV1().ConfigMaps(s.namespace)
	owner, err := s.configMap("owner", nil)
	if err != nil {
		return err
	}
	yes := true
	for name, blocks := range map[string]*bool{"blocking": &yes, "other": nil} {
		if _, err := maps.Create(s, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name, OwnerReferences: []metav1.OwnerReference{
			{APIVersion: "v1", Kind: "ConfigMap", Name: "owner", UID: owner.UID, BlockOwnerDeletion: blocks}}}}, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	watcher, err := maps.Watch(s, metav1.ListOptions{ResourceVersion: owner.ResourceVersion})
	if err != nil {
		return err
	}
	defer watcher.Stop()
	if err := maps.Delete(s, "owner", metav1.DeleteOptions{PropagationPolicy: &policy}); err != nil {
		return err
	}
	var order []string
	finalizers := "none"
	_, err = s.event(watcher, func(event watch.Event) bool {
		object := event.Object.(*corev1.ConfigMap)
		if object.Name == "owner" && len(object.Finalizers) > 0 {
			finalizers = object.Finalizers[0]
		}
		if event.Type == watch.Deleted {
			order = append(order, object.Name)
		} else if event.Type == watch.Modified && object.Name != "owner" && len(object.OwnerReferences) == 0 {
			order = append(order, object.Name+" is free")
		}
		return len(order) == 3
	})
	if err != nil {
		return fmt.Errorf("%w; so far %q", err, order)
	}
	s.say("finalizer: %s", finalizers)
	switch policy {
	case metav1.DeletePropagationBackground:
		return same("the first to go", "owner", order[0])
	case metav1.DeletePropagationForeground:
		if order[0] == "owner" {
			return fmt.Errorf("the owner went first: %q", order)
		}
	case metav1.DeletePropagationOrphan:
		return same("the last to go", "owner", order[2])
	}
	return nil
}

func deletionPreconditions(s *session) error {
	maps := s.client.CoreV1().ConfigMaps(s.namespace)
	object, err := s.configMap("x", nil)
	if err != nil {
		return err
	}
	other, old := types.UID("00000000-0000-0000-0000-000000000000"), "1"
	err = maps.Delete(s, "x", metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &other}})
	if err := s.sayRefused("a delete of another uid", err); err != nil {
		return err
	}
	err = maps.Delete(s, "x", metav1.DeleteOptions{Preconditions: &metav1.Preconditions{ResourceVersion: &old}})
	if err := s.sayRefused("a delete of another version", err); err != nil {
		return err
	}
	if err := maps.Delete(s, "x", metav1.DeleteOptions{DryRun: []string{metav1.DryRunAll}}); err != nil {
		return err
	}
	if err := maps.Delete(s, "x", metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &object.UID, ResourceVersion: &object.ResourceVersion}}); err != nil {
		return err
	}
	return s.sayRefused("another delete", maps.Delete(s, "x", metav1.DeleteOptions{}))
}

func deletedNamespace(s *session) error {
	for _, name := range []string{"a", "b"} {
		if _, err := s.configMap(name, nil); err != nil {
			return err
		}
	}
	spaces := s.client.CoreV1().Namespaces()
	watcher, err := spaces.Watch(s, metav1.ListOptions{FieldSelector: "metadata.name=" + s.namespace})
	if err != nil {
		return err
	}
	defer watcher.Stop()
	if err := spaces.Delete(s, s.namespace, metav1.DeleteOptions{}); err != nil {
		return err
	}
	if _, err := s.event(watcher, func(event watch.Event) bool {
		return event.Type == watch.Modified && event.Object.(*corev1.Namespace).Status.Phase == corev1.NamespaceTerminating
	}); err != nil {
		return err
	}
	if _, err := s.event(watcher, func(event watch.Event) bool { return event.Type == watch.Deleted }); err != nil {
		return err
	}
	all, err := s.client.CoreV1().ConfigMaps(s.namespace).List(s, metav1.ListOptions{})
	if err != nil {
		return err
	}
	s.say("left: %d", len(all.Items))
	_, err = s.configMap("late", nil)
	if !apierrors.IsNotFound(err) {
		return fmt.Errorf("a ConfigMap in what is gone: %v", err)
	}
	return nil
}
