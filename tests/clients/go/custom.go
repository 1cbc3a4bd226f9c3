package main

import (
	"fmt"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/scale"
)

var dials = schema.GroupVersionResource{Group: "client.moontide.test", Version: "v1", Resource: "dials"}

var customChecks = []check{
	{"a custom kind is defined, found, filled in, pruned and validated", customKind},
}

func definition() *apiextensionsv1.CustomResourceDefinition {
	one := 1.0
	status, label := ".status.replicas", ".status.selector"
	property := func(of string) apiextensionsv1.JSONSchemaProps { return apiextensionsv1.JSONSchemaProps{Type: of} }
	mode := property("string")
	mode.Enum = []apiextensionsv1.JSON{{Raw: []byte(`"fast"`)}, {Raw: []byte(`"slow"`)}}
	mode.Default = &apiextensionsv1.JSON{Raw: []byte(`"slow"`)}
	size := property("integer")
	size.Minimum = &one
	return &apiextensionsv1.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{Name: "dials.client.moontide.test"},
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{
			Group: dials.Group, Scope: apiextensionsv1.NamespaceScoped,
			Names: apiextensionsv1.CustomResourceDefinitionNames{Plural: "dials", Singular: "dial", Kind: "Dial", ShortNames: []string{"dl"}},
			Versions: []apiextensionsv1.CustomResourceDefinitionVersion{{
				Name: "v1", Served: true, Storage: true,
				Subresources: &apiextensionsv1.CustomResourceSubresources{
					Status: &apiextensionsv1.CustomResourceSubresourceStatus{},
					Scale:  &apiextensionsv1.CustomResourceSubresourceScale{SpecReplicasPath: ".spec.replicas", StatusReplicasPath: status, LabelSelectorPath: &label},
				},
				Schema: &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: &apiextensionsv1.JSONSchemaProps{Type: "object",
					Properties: map[string]apiextensionsv1.JSONSchemaProps{
						"spec": {Type: "object", Required: []string{"size"}, Properties: map[string]apiextensionsv1.JSONSchemaProps{
							"size": size, "mode": mode, "replicas": property("integer")}},
						"status": {Type: "object", Properties: map[string]apiextensionsv1.JSONSchemaProps{
							"replicas": property("integer"), "selector": property("string")}},
					}}},
			}},
		},
	}
}

func dial(name string, spec map[string]any) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "client.moontide.test/v1", "kind": "Dial", "metadata": map[string]any{"name": name}, "spec": spec}}
}

func customKind(s *session) error {
	client, err := apiextensions.NewForConfig(s.config)
	if err != nil {
		return err
	}
	definitions := client.ApiextensionsV1().CustomResourceDefinitions()
	made, err := definitions.Create(s, definition(), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	watcher, err := definitions.Watch(s, metav1.ListOptions{ResourceVersion: made.ResourceVersion, FieldSelector: "metadata.name=" + made.Name})
	if err != nil {
		return err
	}
	defer watcher.Stop()
	if _, err := s.event(watcher, func(event watch.Event) bool {
		for _, condition := range event.Object.(*apiextensionsv1.CustomResourceDefinition).Status.Conditions {
			if condition.Type == apiextensionsv1.Established && condition.Status == apiextensionsv1.ConditionTrue {
				return true
			}
		}
		return false
	}); err != nil {
		return err
	}
	if err := s.customObjects(); err != nil {
		return err
	}
	if err := definitions.Delete(s, made.Name, metav1.DeleteOptions{}); err != nil {
		return err
	}
	if _, err := s.event(watcher, func(event watch.Event) bool { return event.Type == watch.Deleted }); err != nil {
		return err
	}
	return nil
}

func (s *session) customObjects() error {
	mapper, cached := s.mapper()
	mapping, err := s.established(mapper, schema.GroupKind{Group: dials.Group, Kind: "Dial"})
	if err != nil {
		return err
	}
	s.say("%s, %s", mapping.Resource, mapping.Scope.Name())
	instances := s.dynamic.Resource(mapping.Resource).Namespace(s.namespace)
	factory := dynamicinformer.NewFilteredDynamicSharedInformerFactory(s.dynamic, 0, s.namespace, nil)
	defer factory.Shutdown()
	stop := make(chan struct{})
	defer close(stop)
	watcher := make(told, 100)
	if _, err := factory.ForResource(dials).Informer().AddEventHandler(watcher.handler()); err != nil {
		return err
	}
	factory.Start(stop)
	factory.WaitForCacheSync(s.Done())

	object, err := instances.Create(s, dial("one", map[string]any{"size": int64(3), "replicas": int64(1), "odd": "pruned"}), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if err := watcher.expect(s, "added one"); err != nil {
		return err
	}
	s.say("%v, generation %d", object.Object["spec"], object.GetGeneration())
	_, err = instances.Create(s, dial("bad", map[string]any{"size": int64(0), "mode": "odd"}), metav1.CreateOptions{})
	if err := s.sayRefused("a bad one", err); err != nil {
		return err
	}
	_, err = instances.Create(s, dial("strict", map[string]any{"size": int64(1), "odd": "refused"}), metav1.CreateOptions{FieldValidation: "Strict"})
	if err := s.sayRefused("a strict one", err); err != nil {
		return err
	}
	object.Object["status"] = map[string]any{"replicas": int64(2), "selector": "app=x"}
	if object, err = instances.UpdateStatus(s, object, metav1.UpdateOptions{}); err != nil {
		return err
	}
	s.say("%v, generation %d", object.Object["status"], object.GetGeneration())
	getter, err := scale.NewForConfig(s.config, mapper, dynamic.LegacyAPIPathResolverFunc, scale.NewDiscoveryScaleKindResolver(cached))
	if err != nil {
		return err
	}
	size, err := getter.Scales(s.namespace).Get(s, dials.GroupResource(), "one", metav1.GetOptions{})
	if err != nil {
		return err
	}
	s.say("%d, %d, %q", size.Spec.Replicas, size.Status.Replicas, size.Status.Selector)
	size.Spec.Replicas = 5
	if _, err = getter.Scales(s.namespace).Update(s, dials.GroupResource(), size, metav1.UpdateOptions{}); err != nil {
		return err
	}
	if object, err = instances.Patch(s, "one", types.MergePatchType, []byte(`{"spec":{"mode":null,"size":4}}`), metav1.PatchOptions{}); err != nil {
		return err
	}
	s.say("%v, generation %d", object.Object["spec"], object.GetGeneration())
	_, err = instances.Patch(s, "one", types.StrategicMergePatchType, []byte(`{}`), metav1.PatchOptions{})
	if err := s.sayRefused("a strategic patch", err); err != nil {
		return err
	}
	_, err = instances.Apply(s, "one", dial("one", map[string]any{"size": int64(9)}), metav1.ApplyOptions{FieldManager: "one"})
	if err := s.sayRefused("a conflicting apply", err); err != nil {
		return err
	}
	if object, err = instances.Apply(s, "one", dial("one", map[string]any{"size": int64(9)}), metav1.ApplyOptions{FieldManager: "one", Force: true}); err != nil {
		return err
	}
	s.sayManagers(object.GetManagedFields())
	list, err := instances.List(s, metav1.ListOptions{})
	if err != nil {
		return err
	}
	s.say("%s of %d", list.GetKind(), len(list.Items))
	return nil
}

// Discovery follows a definition in its own time.
func (s *session) established(mapper resettable, kind schema.GroupKind) (*meta.RESTMapping, error) {
	for {
		mapping, err := mapper.RESTMapping(kind, "v1")
		if err == nil {
			return mapping, nil
		}
		if s.Err() != nil {
			return nil, fmt.Errorf("discovery does not know it: %w", err)
		}
		mapper.Reset()
	}
}
