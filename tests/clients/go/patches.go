package main

import (
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

var patchChecks = []check{
	{"a JSON patch tests before it changes", jsonPatch},
	{"a merge patch removes what it says is null", mergePatch},
	{"a strategic patch merges lists by their keys", strategicPatch},
	{"an apply patch creates what is not there", applyPatch},
}

func (s *session) patched(kind types.PatchType, name, body string) (string, map[string]string, error) {
	object, err := s.client.CoreV1().ConfigMaps(s.namespace).Patch(s, name, kind, []byte(body), metav1.PatchOptions{FieldManager: "hand"})
	if err != nil {
		return "", nil, err
	}
	return object.ResourceVersion, object.Data, nil
}

// Each of the patches, and what it makes or why it is refused.
func (s *session) patches(kind types.PatchType, bodies ...string) error {
	if _, err := s.configMap("x", map[string]string{"a": "1", "b": "2"}); err != nil {
		return err
	}
	for _, body := range bodies {
		_, data, err := s.patched(kind, "x", body)
		if err == nil {
			s.say("%s: %v", body, data)
		} else if err := s.sayRefused(body, err); err != nil {
			return err
		}
	}
	return nil
}

func jsonPatch(s *session) error {
	return s.patches(types.JSONPatchType,
		`[{"op":"test","path":"/data/a","value":"1"},{"op":"replace","path":"/data/a","value":"2"}]`,
		`[{"op":"test","path":"/data/a","value":"1"},{"op":"replace","path":"/data/a","value":"3"}]`,
		`[{"op":"add","path":"/data/c~1d","value":"4"}]`,
		`[{"op":"move","from":"/data/c~1d","path":"/data/e"},{"op":"copy","from":"/data/e","path":"/data/f"}]`,
		`[{"op":"remove","path":"/data/none"}]`,
		`[{"op":"add","path":"/none/at/all","value":"4"}]`,
		`[{"op":"replace","path":"/metadata/name","value":"y"}]`,
		`[{"op":"replace","path":"/metadata/resourceVersion","value":"1"}]`,
		`[{"op":"add","path":"/data","value":{}}]`,
		`{"data":{}}`)
}

func mergePatch(s *session) error {
	return s.patches(types.MergePatchType,
		`{"data":{"a":null,"c":"3"}}`,
		`{"data":null}`,
		`{"metadata":{"uid":"other"}}`,
		`{"metadata":{"resourceVersion":"1"},"data":{"d":"4"}}`,
		`{"metadata":{"labels":{"l":"not a label!"}}}`,
		`[]`)
}

func strategicPatch(s *session) error {
	deployments := s.client.AppsV1().Deployments(s.namespace)
	if _, err := deployments.Apply(s, deployment("d", s.namespace), managed("one")); err != nil {
		return err
	}
	show := func(what string, object *appsv1.Deployment, err error) error {
		if err != nil {
			return s.sayRefused(what, err)
		}
		s.say("%s", what)
		for _, container := range object.Spec.Template.Spec.Containers {
			s.say("- %s %s %v %v", container.Name, container.Image, container.Env, container.Ports)
		}
		return nil
	}
	for _, containers := range []string{
		`[{"name":"c","env":[{"name":"A","value":"1"},{"name":"B","value":"2"}]}]`,
		`[{"name":"side","image":"example/side:1","ports":[{"containerPort":80}]}]`,
		`[{"name":"c","env":[{"name":"A","$patch":"delete"}]}]`,
		`[{"name":"c","image":"example/image:2","$setElementOrder/env":[{"name":"C"},{"name":"B"}],"env":[{"name":"C","value":"3"}]}]`,
		`[{"$patch":"replace"},{"name":"only","image":"example/only:1"}]`,
		`[{"name":"only","image":null}]`,
	} {
		body := `{"spec":{"template":{"spec":{"containers":` + containers + `}}}}`
		object, err := deployments.Patch(s, "d", types.StrategicMergePatchType, []byte(body), metav1.PatchOptions{})
		if err := show(containers, object, err); err != nil {
			return err
		}
	}
	body := `{"spec":{"strategy":{"$retainKeys":["type"],"type":"Recreate"}}}`
	object, err := deployments.Patch(s, "d", types.StrategicMergePatchType, []byte(body), metav1.PatchOptions{})
	if err != nil {
		return err
	}
	s.say("%s: %v, generation %d", body, object.Spec.Strategy, object.Generation)
	return nil
}

func applyPatch(s *session) error {
	body := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: made}\ndata: {a: '1'}\n"
	first, data, err := s.patched(types.ApplyYAMLPatchType, "made", body)
	if err != nil {
		return err
	}
	second, _, err := s.patched(types.ApplyYAMLPatchType, "made", body)
	if err != nil {
		return err
	}
	s.say("%v", data)
	_, _, err = s.patched(types.ApplyYAMLPatchType, "made", "apiVersion: v1\nkind: Secret\nmetadata: {name: made}\n")
	if err := s.sayRefused("another kind", err); err != nil {
		return err
	}
	_, _, err = s.patched(types.ApplyYAMLPatchType, "other", body)
	if err := s.sayRefused("another name", err); err != nil {
		return err
	}
	_, _, err = s.patched(types.MergePatchType, "none", `{"data":{}}`)
	if err := s.sayRefused("a merge patch of what is not there", err); err != nil {
		return err
	}
	_, _, err = s.patched("application/odd-patch", "made", `{}`)
	if err := s.sayRefused("a patch of an unknown type", err); err != nil {
		return err
	}
	return same("the version", first, second)
}
