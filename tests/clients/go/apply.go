package main

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
)

var applyChecks = []check{
	{"what is applied twice is written once", appliedTwice},
	{"two managers conflict over a field, unless one of them forces", applyConflict},
	{"what a manager applies no more goes, unless another has it", appliedNoMore},
	{"what a manager applied can be extracted, changed and applied again", extracted},
	{"lists with keys are merged by apply", appliedLists},
	{"a status is applied apart", appliedStatus},
}

func managed(name string) metav1.ApplyOptions { return metav1.ApplyOptions{FieldManager: name} }

func (s *session) sayManagers(entries []metav1.ManagedFieldsEntry) {
	var lines []string
	for _, entry := range entries {
		lines = append(lines, fmt.Sprintf("%s %s %q of %s: %s", entry.Manager, entry.Operation, entry.Subresource, entry.APIVersion, entry.FieldsV1.Raw))
	}
	// A server has them by their times, and by name within a second.
	slices.Sort(lines)
	for _, line := range lines {
		s.say("%s", line)
	}
}

func appliedTwice(s *session) error {
	maps := s.client.CoreV1().ConfigMaps(s.namespace)
	want := corev1ac.ConfigMap("x", s.namespace).WithLabels(map[string]string{"l": "1"}).WithData(map[string]string{"a": "1"})
	first, err := maps.Apply(s, want, managed("one"))
	if err != nil {
		return err
	}
	second, err := maps.Apply(s, want, managed("one"))
	if err != nil {
		return err
	}
	s.sayManagers(second.ManagedFields)
	if _, err := maps.Apply(s, want, metav1.ApplyOptions{FieldManager: "one", DryRun: []string{metav1.DryRunAll}}); err != nil {
		return err
	}
	_, err = maps.Apply(s, want, metav1.ApplyOptions{})
	if err := s.sayRefused("an apply without a manager", err); err != nil {
		return err
	}
	return same("the version", first.ResourceVersion, second.ResourceVersion)
}

func applyConflict(s *session) error {
	maps := s.client.CoreV1().ConfigMaps(s.namespace)
	if _, err := maps.Apply(s, corev1ac.ConfigMap("x", s.namespace).WithData(map[string]string{"a": "1", "b": "1"}), managed("one")); err != nil {
		return err
	}
	if _, err := maps.Apply(s, corev1ac.ConfigMap("x", s.namespace).WithData(map[string]string{"c": "1"}), managed("three")); err != nil {
		return err
	}
	want := corev1ac.ConfigMap("x", s.namespace).WithData(map[string]string{"a": "2", "b": "1", "c": "2"})
	_, err := maps.Apply(s, want, managed("two"))
	if err := s.sayRefused("a conflicting apply", err); err != nil {
		return err
	}
	forced, err := maps.Apply(s, want, metav1.ApplyOptions{FieldManager: "two", Force: true})
	if err != nil {
		return err
	}
	s.say("%v", forced.Data)
	s.sayManagers(forced.ManagedFields)
	old := corev1ac.ConfigMap("x", s.namespace).WithResourceVersion("1").WithData(map[string]string{"d": "1"})
	_, err = maps.Apply(s, old, managed("four"))
	return s.sayRefused("an apply of an old version", err)
}

func appliedNoMore(s *session) error {
	maps := s.client.CoreV1().ConfigMaps(s.namespace)
	for _, manager := range []string{"one", "two"} {
		data := map[string]string{"shared": "1", "of-" + manager: "1"}
		if _, err := maps.Apply(s, corev1ac.ConfigMap("x", s.namespace).WithData(data), managed(manager)); err != nil {
			return err
		}
	}
	for _, manager := range []string{"one", "two"} {
		left, err := maps.Apply(s, corev1ac.ConfigMap("x", s.namespace), managed(manager))
		if err != nil {
			return err
		}
		s.say("without %s: %v", manager, left.Data)
		s.sayManagers(left.ManagedFields)
	}
	return nil
}

func extracted(s *session) error {
	maps := s.client.CoreV1().ConfigMaps(s.namespace)
	if _, err := maps.Apply(s, corev1ac.ConfigMap("x", s.namespace).WithData(map[string]string{"a": "1", "b": "1"}), managed("one")); err != nil {
		return err
	}
	object, err := maps.Get(s, "x", metav1.GetOptions{})
	if err != nil {
		return err
	}
	object.Data["hand"] = "made"
	if object, err = maps.Update(s, object, metav1.UpdateOptions{FieldManager: "hand"}); err != nil {
		return err
	}
	mine, err := corev1ac.ExtractConfigMap(object, "one")
	if err != nil {
		return err
	}
	s.say("extracted: %v", mine.Data)
	delete(mine.Data, "b")
	after, err := maps.Apply(s, mine.WithAnnotations(map[string]string{"n": "1"}), managed("one"))
	if err != nil {
		return err
	}
	s.say("%v %v", after.Data, after.Annotations)
	return nil
}

func deployment(name, namespace string) *appsv1ac.DeploymentApplyConfiguration {
	labels := map[string]string{"app": name}
	return appsv1ac.Deployment(name, namespace).WithSpec(appsv1ac.DeploymentSpec().
		WithSelector(metav1ac.LabelSelector().WithMatchLabels(labels)).
		WithTemplate(corev1ac.PodTemplateSpec().WithLabels(labels).WithSpec(corev1ac.PodSpec().
			WithContainers(corev1ac.Container().WithName("c").WithImage("example/image:1")))))
}

func appliedLists(s *session) error {
	deployments := s.client.AppsV1().Deployments(s.namespace)
	if _, err := deployments.Apply(s, deployment("d", s.namespace), managed("one")); err != nil {
		return err
	}
	side := appsv1ac.Deployment("d", s.namespace).WithSpec(appsv1ac.DeploymentSpec().WithTemplate(corev1ac.PodTemplateSpec().
		WithSpec(corev1ac.PodSpec().WithContainers(
			corev1ac.Container().WithName("side").WithImage("example/side:1"),
			corev1ac.Container().WithName("c").WithEnv(corev1ac.EnvVar().WithName("E").WithValue("1"))))))
	both, err := deployments.Apply(s, side, managed("two"))
	if err != nil {
		return err
	}
	for _, container := range both.Spec.Template.Spec.Containers {
		s.say("%s %s %v", container.Name, container.Image, container.Env)
	}
	s.sayManagers(both.ManagedFields)
	mine, err := appsv1ac.ExtractDeployment(both, "two")
	if err != nil {
		return err
	}
	s.say("extracted containers: %d", len(mine.Spec.Template.Spec.Containers))
	bad := deployment("d", s.namespace)
	bad.Spec.Template.Spec.WithContainers(corev1ac.Container().WithName("c").WithImage("again"))
	_, err = deployments.Apply(s, bad, managed("one"))
	if err == nil {
		return fmt.Errorf("a list with a key twice was applied")
	}
	return s.sayRefused("a key twice", err)
}

func appliedStatus(s *session) error {
	deployments := s.client.AppsV1().Deployments(s.namespace)
	if _, err := deployments.Apply(s, deployment("d", s.namespace), managed("one")); err != nil {
		return err
	}
	done, err := deployments.ApplyStatus(s, appsv1ac.Deployment("d", s.namespace).WithStatus(appsv1ac.DeploymentStatus().
		WithReplicas(1).WithConditions(appsv1ac.DeploymentCondition().WithType("Available").WithStatus(corev1.ConditionTrue))), managed("status"))
	if err != nil {
		return err
	}
	s.say("generation %d, replicas %d, %s %s", done.Generation, done.Status.Replicas, done.Status.Conditions[0].Type, done.Status.Conditions[0].Status)
	s.sayManagers(done.ManagedFields)
	mine, err := appsv1ac.ExtractDeploymentStatus(done, "status")
	if err != nil {
		return err
	}
	s.say("extracted replicas: %d", *mine.Status.Replicas)
	return nil
}
