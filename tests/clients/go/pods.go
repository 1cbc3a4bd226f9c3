package main

import (
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var podChecks = []check{
	{"a pod that no node runs has no logs", logs},
	{"a pod is evicted", eviction},
	{"endpoints and their slices are kept", endpoints},
}

func examplePod(name string) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": "x"}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "example/image:1"}}}}
}

func logs(s *session) error {
	pods := s.client.CoreV1().Pods(s.namespace)
	if _, err := pods.Create(s, examplePod("p"), metav1.CreateOptions{}); err != nil {
		return err
	}
	for _, options := range []*corev1.PodLogOptions{{}, {Container: "c"}, {Container: "none"}, {Previous: true}} {
		text, err := pods.GetLogs("p", options).DoRaw(s)
		if err == nil {
			s.say("logs: %q", text)
		} else if err := s.sayRefused("logs", err); err != nil {
			return err
		}
	}
	_, err := pods.GetLogs("none", &corev1.PodLogOptions{}).DoRaw(s)
	return s.sayRefused("logs of no pod", err)
}

func eviction(s *session) error {
	pods := s.client.CoreV1().Pods(s.namespace)
	if _, err := pods.Create(s, examplePod("p"), metav1.CreateOptions{}); err != nil {
		return err
	}
	evict := func(name string) error {
		return pods.EvictV1(s, &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: s.namespace}})
	}
	if err := evict("p"); err != nil {
		return err
	}
	_, err := pods.Get(s, "p", metav1.GetOptions{})
	if err := s.sayRefused("the evicted pod", err); err != nil {
		return err
	}
	return s.sayRefused("an eviction of nothing", evict("none"))
}

func endpoints(s *session) error {
	warnings := &warned{}
	client, err := s.warnedClient(warnings)
	if err != nil {
		return err
	}
	made, err := client.CoreV1().Endpoints(s.namespace).Create(s, &corev1.Endpoints{ObjectMeta: metav1.ObjectMeta{Name: "e"},
		Subsets: []corev1.EndpointSubset{{Addresses: []corev1.EndpointAddress{{IP: "10.1.2.3"}}, Ports: []corev1.EndpointPort{{Port: 80}}}}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	s.say("%v %v", made.Subsets, made.Labels)
	for _, text := range warnings.texts {
		s.say("warning: %s", text)
	}
	port := int32(80)
	slices := s.client.DiscoveryV1().EndpointSlices(s.namespace)
	slice, err := slices.Create(s, &discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{Name: "e", Labels: map[string]string{discoveryv1.LabelServiceName: "e"}},
		AddressType: discoveryv1.AddressTypeIPv4, Endpoints: []discoveryv1.Endpoint{{Addresses: []string{"10.1.2.3"}}}, Ports: []discoveryv1.EndpointPort{{Port: &port}}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	s.say("%s %v, port %q %s, generation %d", slice.AddressType, slice.Endpoints[0].Addresses, *slice.Ports[0].Name, *slice.Ports[0].Protocol, slice.Generation)
	slice.AddressType = discoveryv1.AddressTypeFQDN
	_, err = slices.Update(s, slice, metav1.UpdateOptions{})
	if err := s.sayRefused("another type of address", err); err != nil {
		return err
	}
	list, err := slices.List(s, metav1.ListOptions{LabelSelector: discoveryv1.LabelServiceName + "=e"})
	if err != nil {
		return err
	}
	s.say("%d", len(list.Items))
	return nil
}
