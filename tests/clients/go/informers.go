package main

import (
	"fmt"
	"sort"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/features"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
)

var configMaps = corev1.SchemeGroupVersion.WithResource("configmaps")

var informerChecks = []check{
	{"an informer that lists and watches tells of what is made, changed and deleted", informerBy(false)},
	{"an informer that streams its list tells of what is made, changed and deleted", informerBy(true)},
	{"an informer goes on after the server has closed its watch", informerAfterClosedWatch},
	{"what leaves an informer's selection is deleted for it", informerSelection},
	{"an informer of metadata alone and one of any kind tell the same", informersOfMetadata},
	{"a controller with a work queue, an index and a lister brings copies about", controller},
}

// client-go's features are the process's; the checks run one after the other.
type withWatchList struct {
	features.Gates
	on bool
}

func (g withWatchList) Enabled(feature features.Feature) bool {
	if feature == features.WatchListClient {
		return g.on
	}
	return g.Gates.Enabled(feature)
}

func setWatchList(on bool) (undo func()) {
	before := features.FeatureGates()
	features.ReplaceFeatureGates(withWatchList{before, on})
	return func() { features.ReplaceFeatureGates(before) }
}

// What handlers are told, as "added a".
type told chan string

func (t told) handler() cache.ResourceEventHandler {
	name := func(object any) string {
		key, err := cache.DeletionHandlingMetaNamespaceKeyFunc(object)
		if err != nil {
			return err.Error()
		}
		_, name, _ := cache.SplitMetaNamespaceKey(key)
		return name
	}
	return cache.ResourceEventHandlerDetailedFuncs{
		AddFunc: func(object any, initial bool) {
			if initial {
				t <- "found " + name(object)
			} else {
				t <- "added " + name(object)
			}
		},
		UpdateFunc: func(_, object any) { t <- "changed " + name(object) },
		DeleteFunc: func(object any) { t <- "deleted " + name(object) },
	}
}

// The next handlers' calls are these, and in this order.
func (t told) expect(s *session, wanted ...string) error {
	for _, want := range wanted {
		select {
		case is := <-t:
			if is != want {
				return fmt.Errorf("told %q, not %q", is, want)
			}
		case <-s.Done():
			return fmt.Errorf("%q was not told", want)
		}
	}
	return nil
}

// Makes, changes and deletes a ConfigMap while an informer looks on.
func (s *session) liveOf(name string, watcher told) error {
	maps := s.client.CoreV1().ConfigMaps(s.namespace)
	object, err := s.configMap(name, map[string]string{"k": "1"})
	if err != nil {
		return err
	}
	if err := watcher.expect(s, "added "+name); err != nil {
		return err
	}
	object.Data["k"] = "2"
	if _, err := maps.Update(s, object, metav1.UpdateOptions{}); err != nil {
		return err
	}
	if err := watcher.expect(s, "changed "+name); err != nil {
		return err
	}
	if err := maps.Delete(s, name, metav1.DeleteOptions{}); err != nil {
		return err
	}
	return watcher.expect(s, "deleted "+name)
}

// An informer's first list may be as old as the server's watch cache, which this awaits: what is made before it is found.
func (s *session) cached(object *corev1.ConfigMap) error {
	_, err := s.client.CoreV1().ConfigMaps(s.namespace).List(s, metav1.ListOptions{
		ResourceVersion: object.ResourceVersion, ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan})
	return err
}

func (s *session) informed(tweak func(*metav1.ListOptions), then func(informers.SharedInformerFactory, told) error) error {
	for _, name := range []string{"a", "b"} {
		object, err := s.configMap(name, nil)
		if err != nil {
			return err
		}
		if err := s.cached(object); err != nil {
			return err
		}
	}
	factory := informers.NewSharedInformerFactoryWithOptions(s.client, 0,
		informers.WithNamespace(s.namespace), informers.WithTweakListOptions(tweak))
	defer factory.Shutdown()
	stop := make(chan struct{})
	defer close(stop)
	watcher := make(told, 100)
	if _, err := factory.Core().V1().ConfigMaps().Informer().AddEventHandler(watcher.handler()); err != nil {
		return err
	}
	factory.Start(stop)
	for kind, synced := range factory.WaitForCacheSync(s.Done()) {
		if !synced {
			return fmt.Errorf("the informer of %v did not fill", kind)
		}
	}
	first := []string{<-watcher, <-watcher}
	sort.Strings(first)
	if err := same("what is found", "found a, found b", strings.Join(first, ", ")); err != nil {
		return err
	}
	return then(factory, watcher)
}

func nothing(*metav1.ListOptions) {}

func informerBy(watchList bool) func(*session) error {
	return func(s *session) error {
		defer setWatchList(watchList)()
		return s.informed(nothing, func(_ informers.SharedInformerFactory, watcher told) error {
			if err := s.liveOf("c", watcher); err != nil {
				return err
			}
			s.say("lists: %d, streamed lists: %d", s.requests.count("GET", "configmaps?limit=500&resourceVersion=0"),
				s.requests.count("sendInitialEvents=true"))
			return nil
		})
	}
}

func informerAfterClosedWatch(s *session) error {
	defer setWatchList(false)()
	second := int64(1)
	return s.informed(func(options *metav1.ListOptions) { options.TimeoutSeconds = &second },
		func(factory informers.SharedInformerFactory, watcher told) error {
			for round := 2; round < 4; round++ {
				if err := s.requests.await(s, round, "GET", "watch=true"); err != nil {
					return err
				}
				if err := s.liveOf(fmt.Sprintf("after-%d", round), watcher); err != nil {
					return err
				}
			}
			all, err := factory.Core().V1().ConfigMaps().Lister().List(labels.Everything())
			if err != nil {
				return err
			}
			s.say("lists: %d, known objects: %d", s.requests.count("GET", "configmaps?limit"), len(all))
			return nil
		})
}

func informerSelection(s *session) error {
	maps := s.client.CoreV1().ConfigMaps(s.namespace)
	factory := informers.NewSharedInformerFactoryWithOptions(s.client, 0, informers.WithNamespace(s.namespace),
		informers.WithTweakListOptions(func(options *metav1.ListOptions) { options.LabelSelector = "color in (red,blue),!off" }))
	defer factory.Shutdown()
	stop := make(chan struct{})
	defer close(stop)
	watcher := make(told, 100)
	if _, err := factory.Core().V1().ConfigMaps().Informer().AddEventHandler(watcher.handler()); err != nil {
		return err
	}
	factory.Start(stop)
	factory.WaitForCacheSync(s.Done())
	object, err := s.configMap("x", nil)
	if err != nil {
		return err
	}
	for _, step := range []struct {
		labels map[string]string
		told   string
	}{
		{map[string]string{"color": "red"}, "added x"},
		{map[string]string{"color": "blue"}, "changed x"},
		{map[string]string{"color": "blue", "off": ""}, "deleted x"},
		{map[string]string{"color": "red"}, "added x"},
		{map[string]string{"color": "green"}, "deleted x"},
	} {
		object.Labels = step.labels
		if object, err = maps.Update(s, object, metav1.UpdateOptions{}); err != nil {
			return err
		}
		if err := watcher.expect(s, step.told); err != nil {
			return err
		}
	}
	return nil
}

func informersOfMetadata(s *session) error {
	ofMetadata, err := metadata.NewForConfig(s.config)
	if err != nil {
		return err
	}
	stop := make(chan struct{})
	first := metadatainformer.NewFilteredSharedInformerFactory(ofMetadata, 0, s.namespace, nil)
	second := dynamicinformer.NewFilteredDynamicSharedInformerFactory(s.dynamic, 0, s.namespace, nil)
	defer first.Shutdown()
	defer second.Shutdown()
	defer close(stop)
	watchers := []told{make(told, 100), make(told, 100)}
	for i, informer := range []cache.SharedIndexInformer{first.ForResource(configMaps).Informer(), second.ForResource(configMaps).Informer()} {
		if _, err := informer.AddEventHandler(watchers[i].handler()); err != nil {
			return err
		}
	}
	first.Start(stop)
	second.Start(stop)
	first.WaitForCacheSync(s.Done())
	second.WaitForCacheSync(s.Done())
	object, err := s.configMap("m", map[string]string{"k": "v"})
	if err != nil {
		return err
	}
	for _, watcher := range watchers {
		if err := watcher.expect(s, "added m"); err != nil {
			return err
		}
	}
	seen, err := first.ForResource(configMaps).Lister().ByNamespace(s.namespace).Get("m")
	if err != nil {
		return err
	}
	partial, is := seen.(*metav1.PartialObjectMetadata)
	if !is || partial.UID != object.UID {
		return fmt.Errorf("the metadata informer has %T", seen)
	}
	s.say("metadata of %s", partial.Name)
	return nil
}

// The smallest whole controller: what has a label is copied under another name.
func controller(s *session) error {
	maps := s.client.CoreV1().ConfigMaps(s.namespace)
	factory := informers.NewSharedInformerFactoryWithOptions(s.client, 0, informers.WithNamespace(s.namespace))
	defer factory.Shutdown()
	stop := make(chan struct{})
	defer close(stop)
	informer := factory.Core().V1().ConfigMaps().Informer()
	lister := factory.Core().V1().ConfigMaps().Lister().ConfigMaps(s.namespace)
	if err := informer.AddIndexers(cache.Indexers{"wanted": func(object any) ([]string, error) {
		return []string{object.(*corev1.ConfigMap).Labels["wanted"]}, nil
	}}); err != nil {
		return err
	}
	queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[string]())
	enqueue := func(object any) {
		if key, err := cache.DeletionHandlingMetaNamespaceKeyFunc(object); err == nil {
			queue.Add(key)
		}
	}
	if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: enqueue, UpdateFunc: func(_, object any) { enqueue(object) }, DeleteFunc: enqueue,
	}); err != nil {
		return err
	}
	factory.Start(stop)
	factory.WaitForCacheSync(s.Done())
	copied := make(chan string, 100)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			key, over := queue.Get()
			if over {
				return
			}
			_, name, _ := cache.SplitMetaNamespaceKey(key)
			if source, err := lister.Get(name); err == nil && source.Labels["wanted"] == "yes" {
				copy := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name + "-copy",
					OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(source, corev1.SchemeGroupVersion.WithKind("ConfigMap"))}},
					Data: source.Data}
				if _, err := maps.Create(s, copy, metav1.CreateOptions{}); err != nil {
					queue.AddRateLimited(key)
				}
			} else if owner := metav1.GetControllerOf(sourceOrEmpty(source)); owner != nil {
				copied <- owner.Name + " has " + name
			}
			queue.Done(key)
		}
	}()
	defer func() { queue.ShutDown(); <-ended }()
	for _, name := range []string{"a", "b", "c"} {
		if _, err := maps.Create(s, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"wanted": "yes"}}}, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	var all []string
	for len(all) < 3 {
		select {
		case one := <-copied:
			all = append(all, one)
		case <-s.Done():
			return fmt.Errorf("copied only %q", all)
		}
	}
	sort.Strings(all)
	s.say("%s", strings.Join(all, ", "))
	wanted, err := informer.GetIndexer().ByIndex("wanted", "yes")
	if err != nil {
		return err
	}
	return same("the indexed objects' count", 3, len(wanted))
}

func sourceOrEmpty(source *corev1.ConfigMap) *corev1.ConfigMap {
	if source == nil {
		return &corev1.ConfigMap{}
	}
	return source
}
