package main

import (
	"fmt"
	"sort"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/restmapper"
)

var discoveryChecks = []check{
	{"discovery leads from kinds to resources and back", restMapping},
	{"discovery tells of each kind here what the server tells", discovered},
	{"OpenAPI documents are found by their index", openAPI},
}

type resettable interface {
	meta.ResettableRESTMapper
	ResourceFor(schema.GroupVersionResource) (schema.GroupVersionResource, error)
}

func (s *session) mapper() (resettable, discovery.CachedDiscoveryInterface) {
	cached := memory.NewMemCacheClient(s.client.Discovery())
	return restmapper.NewDeferredDiscoveryRESTMapper(cached), cached
}

func restMapping(s *session) error {
	mapper, cached := s.mapper()
	for _, kind := range []schema.GroupKind{{Kind: "ConfigMap"}, {Group: "apps", Kind: "Deployment"}, {Group: "apps", Kind: "ReplicaSet"},
		{Group: "coordination.k8s.io", Kind: "Lease"}, {Group: "events.k8s.io", Kind: "Event"}, {Group: "discovery.k8s.io", Kind: "EndpointSlice"},
		{Kind: "Namespace"}, {Group: "rbac.authorization.k8s.io", Kind: "ClusterRole"}} {
		mapping, err := mapper.RESTMapping(kind)
		if err != nil {
			return err
		}
		s.say("%s: %s, %s", kind, mapping.Resource, mapping.Scope.Name())
	}
	_, err := mapper.RESTMapping(schema.GroupKind{Group: "odd", Kind: "Odd"})
	s.say("an odd kind: %v", meta.IsNoMatchError(err))
	short := restmapper.NewShortcutExpander(mapper, cached, func(string) {})
	for _, name := range []string{"cm", "deploy", "svc", "ns", "po", "sa", "ep", "rs", "crd", "secret"} {
		kind, err := short.KindFor(schema.GroupVersionResource{Resource: name})
		if err != nil {
			return err
		}
		s.say("%s: %s", name, kind)
	}
	return nil
}

// The groups that both servers have.
var known = []string{"v1", "apps/v1", "coordination.k8s.io/v1", "rbac.authorization.k8s.io/v1", "apiextensions.k8s.io/v1", "events.k8s.io/v1", "discovery.k8s.io/v1"}

var knownResources = []string{"namespaces", "configmaps", "secrets", "pods", "events", "leases", "limitranges", "resourcequotas",
	"serviceaccounts", "services", "endpoints", "endpointslices", "deployments", "replicasets", "roles", "clusterroles", "rolebindings",
	"clusterrolebindings", "customresourcedefinitions"}

func discovered(s *session) error {
	is := map[string]bool{}
	for _, name := range knownResources {
		is[name] = true
	}
	for _, version := range known {
		list, err := s.client.Discovery().ServerResourcesForGroupVersion(version)
		if err != nil {
			return err
		}
		for _, resource := range list.APIResources {
			name, _, _ := strings.Cut(resource.Name, "/")
			if !is[name] || strings.HasPrefix(resource.Name, "pods/") || strings.HasSuffix(resource.Name, "/proxy") {
				continue
			}
			s.say("%s %s %s %v %v %v %v", version, resource.Name, resource.Kind, resource.Namespaced, resource.ShortNames, resource.Categories, resource.Verbs)
		}
	}
	_, preferred, err := s.client.Discovery().ServerGroupsAndResources()
	if err != nil {
		return err
	}
	if len(preferred) == 0 {
		return fmt.Errorf("aggregated discovery is empty")
	}
	version, err := s.client.Discovery().ServerVersion()
	if err != nil {
		return err
	}
	s.say("version %s.%s", version.Major, version.Minor)
	_, err = s.client.Discovery().ServerResourcesForGroupVersion("odd.moontide.test/v1")
	return s.sayRefused("an odd group", err)
}

func openAPI(s *session) error {
	paths, err := s.client.Discovery().OpenAPIV3().Paths()
	if err != nil {
		return err
	}
	for _, version := range known {
		path := "apis/" + version
		if version == "v1" {
			path = "api/v1"
		}
		document, found := paths[path]
		if !found {
			return fmt.Errorf("no document of %s", path)
		}
		text, err := document.Schema("application/json")
		if err != nil {
			return err
		}
		if len(text) < 10000 {
			return fmt.Errorf("the document of %s has %d bytes", path, len(text))
		}
	}
	sort.Strings(known)
	s.say("%s", strings.Join(known, " "))
	return nil
}
