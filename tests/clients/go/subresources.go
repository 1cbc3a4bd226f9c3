package main

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	autoscalingv1ac "k8s.io/client-go/applyconfigurations/autoscaling/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/scale"
)

var subresourceChecks = []check{
	{"a status changes nothing else, and nothing else changes a status", statusAlone},
	{"a deployment and a replica set scale", scales},
	{"the scale client finds its way by discovery", scaleClient},
	{"a conditions' writer sees its conflicts", statusConflict},
}

func statusAlone(s *session) error {
	deployments := s.client.AppsV1().Deployments(s.namespace)
	object, err := deployments.Apply(s, deployment("d", s.namespace), managed("one"))
	if err != nil {
		return err
	}
	replicas := int32(9)
	object.Spec.Replicas = &replicas
	object.Labels = map[string]string{"l": "1"}
	object.Status.Replicas = 3
	object.Status.ObservedGeneration = object.Generation
	if object, err = deployments.UpdateStatus(s, object, metav1.UpdateOptions{FieldManager: "status"}); err != nil {
		return err
	}
	s.say("spec %d, status %d, labels %v, generation %d", *object.Spec.Replicas, object.Status.Replicas, object.Labels, object.Generation)
	object.Spec.Replicas = &replicas
	object.Status.Replicas = 7
	if object, err = deployments.Update(s, object, metav1.UpdateOptions{FieldManager: "spec"}); err != nil {
		return err
	}
	s.say("spec %d, status %d, generation %d", *object.Spec.Replicas, object.Status.Replicas, object.Generation)
	s.sayManagers(object.ManagedFields)
	return nil
}

func scales(s *session) error {
	if _, err := s.client.AppsV1().Deployments(s.namespace).Apply(s, deployment("d", s.namespace), managed("one")); err != nil {
		return err
	}
	labels := map[string]string{"app": "r"}
	replicas := int32(2)
	set, err := s.client.AppsV1().ReplicaSets(s.namespace).Create(s, &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{Name: "r"},
		Spec: appsv1.ReplicaSetSpec{Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "example/image:1"}}}}},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	s.say("%s: %d replicas, generation %d, %s", set.Name, *set.Spec.Replicas, set.Generation, set.Spec.Template.Spec.RestartPolicy)
	ofSet, err := s.client.AppsV1().ReplicaSets(s.namespace).GetScale(s, "r", metav1.GetOptions{})
	if err != nil {
		return err
	}
	s.say("%d, %d, %q", ofSet.Spec.Replicas, ofSet.Status.Replicas, ofSet.Status.Selector)
	deployments := s.client.AppsV1().Deployments(s.namespace)
	is, err := deployments.GetScale(s, "d", metav1.GetOptions{})
	if err != nil {
		return err
	}
	s.say("%d, %d, %q", is.Spec.Replicas, is.Status.Replicas, is.Status.Selector)
	old := is.ResourceVersion
	is.Spec.Replicas = 4
	if is, err = deployments.UpdateScale(s, "d", is, metav1.UpdateOptions{}); err != nil {
		return err
	}
	s.say("%d, %d", is.Spec.Replicas, is.Status.Replicas)
	is.ResourceVersion = old
	_, err = deployments.UpdateScale(s, "d", is, metav1.UpdateOptions{})
	if err := s.sayRefused("a scale of an old version", err); err != nil {
		return err
	}
	if is, err = deployments.ApplyScale(s, "d", autoscalingv1ac.Scale().WithSpec(autoscalingv1ac.ScaleSpec().WithReplicas(6)),
		metav1.ApplyOptions{FieldManager: "scaler", Force: true}); err != nil {
		return err
	}
	s.say("%d, %d", is.Spec.Replicas, is.Status.Replicas)
	object, err := deployments.Get(s, "d", metav1.GetOptions{})
	if err != nil {
		return err
	}
	s.say("generation %d", object.Generation)
	s.sayManagers(object.ManagedFields)
	_, err = deployments.GetScale(s, "none", metav1.GetOptions{})
	return s.sayRefused("a scale of nothing", err)
}

func scaleClient(s *session) error {
	if _, err := s.client.AppsV1().Deployments(s.namespace).Apply(s, deployment("d", s.namespace), managed("one")); err != nil {
		return err
	}
	mapper, cached := s.mapper()
	resolver := scale.NewDiscoveryScaleKindResolver(cached)
	getter, err := scale.NewForConfig(s.config, mapper, dynamic.LegacyAPIPathResolverFunc, resolver)
	if err != nil {
		return err
	}
	deployments := schema.GroupResource{Group: "apps", Resource: "deployments"}
	is, err := getter.Scales(s.namespace).Get(s, deployments, "d", metav1.GetOptions{})
	if err != nil {
		return err
	}
	is.Spec.Replicas = 5
	if is, err = getter.Scales(s.namespace).Update(s, deployments, is, metav1.UpdateOptions{}); err != nil {
		return err
	}
	s.say("%d", is.Spec.Replicas)
	return nil
}

func statusConflict(s *session) error {
	pods := s.client.CoreV1().Pods(s.namespace)
	pod, err := pods.Create(s, examplePod("p"), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	old := pod.DeepCopy()
	pod.Status.Conditions = []corev1.PodCondition{{Type: "example.com/Checked", Status: corev1.ConditionTrue}}
	if pod, err = pods.UpdateStatus(s, pod, metav1.UpdateOptions{}); err != nil {
		return err
	}
	s.say("%s %s", pod.Status.Phase, pod.Status.Conditions[0].Type)
	_, err = pods.UpdateStatus(s, old, metav1.UpdateOptions{})
	return s.sayRefused("a status of an old version", err)
}
