package main

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
)

var watchChecks = []check{
	{"a retrying watcher goes on where a closed watch ended", retryWatcher},
	{"until a list and a watch show what is waited for", untilSynced},
	{"a watch streams what is there and says where that ends", streamedList},
	{"a watch from a version repeats what came after it", watchFromVersion},
}

func (s *session) listerWatcher(selector fields.Selector) *cache.ListWatch {
	maps := s.client.CoreV1().ConfigMaps(s.namespace)
	return &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			options.FieldSelector = selector.String()
			return maps.List(ctx, options)
		},
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			options.FieldSelector = selector.String()
			return maps.Watch(ctx, options)
		},
	}
}

func retryWatcher(s *session) error {
	first, err := s.configMap("first", nil)
	if err != nil {
		return err
	}
	second := int64(1)
	watches := s.listerWatcher(fields.Everything())
	inner := watches.WatchFuncWithContext
	watches.WatchFuncWithContext = func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
		options.TimeoutSeconds = &second
		return inner(ctx, options)
	}
	watcher, err := watchtools.NewRetryWatcherWithContext(s, first.ResourceVersion, watches)
	if err != nil {
		return err
	}
	defer watcher.Stop()
	for round := 1; round < 3; round++ {
		if err := s.requests.await(s, round, "watch=true"); err != nil {
			return err
		}
		name := fmt.Sprintf("round-%d", round)
		if _, err := s.configMap(name, nil); err != nil {
			return err
		}
		event, err := s.event(watcher, func(watch.Event) bool { return true })
		if err != nil {
			return err
		}
		s.say("%s %s", event.Type, event.Object.(*corev1.ConfigMap).Name)
	}
	return nil
}

func untilSynced(s *session) error {
	watches := s.listerWatcher(fields.OneTermEqualSelector("metadata.name", "awaited"))
	done := make(chan error, 1)
	go func() {
		_, err := watchtools.UntilWithSync(s, watches, &corev1.ConfigMap{}, nil, func(event watch.Event) (bool, error) {
			object, is := event.Object.(*corev1.ConfigMap)
			return is && object.Data["ready"] == "yes", nil
		})
		done <- err
	}()
	if err := s.requests.await(s, 1, "watch=true"); err != nil {
		return err
	}
	for _, name := range []string{"other", "awaited"} {
		if _, err := s.configMap(name, nil); err != nil {
			return err
		}
	}
	object, err := s.client.CoreV1().ConfigMaps(s.namespace).Get(s, "awaited", metav1.GetOptions{})
	if err != nil {
		return err
	}
	object.Data = map[string]string{"ready": "yes"}
	if _, err := s.client.CoreV1().ConfigMaps(s.namespace).Update(s, object, metav1.UpdateOptions{}); err != nil {
		return err
	}
	return <-done
}

func streamedList(s *session) error {
	if _, err := s.configMap("there", nil); err != nil {
		return err
	}
	yes := true
	watcher, err := s.client.CoreV1().ConfigMaps(s.namespace).Watch(s, metav1.ListOptions{SendInitialEvents: &yes,
		AllowWatchBookmarks: true, ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan})
	if err != nil {
		return err
	}
	defer watcher.Stop()
	_, err = s.event(watcher, func(event watch.Event) bool {
		object := event.Object.(*corev1.ConfigMap)
		s.say("%s %q %v", event.Type, object.Name, object.Annotations)
		return event.Type == watch.Bookmark
	})
	if err != nil {
		return err
	}
	_, err = s.client.CoreV1().ConfigMaps(s.namespace).Watch(s, metav1.ListOptions{SendInitialEvents: &yes})
	return s.sayRefused("a streamed list without resourceVersionMatch", err)
}

func watchFromVersion(s *session) error {
	first, err := s.configMap("first", nil)
	if err != nil {
		return err
	}
	for _, name := range []string{"second", "third"} {
		if _, err := s.configMap(name, nil); err != nil {
			return err
		}
	}
	maps := s.client.CoreV1().ConfigMaps(s.namespace)
	if err := maps.Delete(s, "second", metav1.DeleteOptions{}); err != nil {
		return err
	}
	second := int64(1)
	watcher, err := maps.Watch(s, metav1.ListOptions{ResourceVersion: first.ResourceVersion, TimeoutSeconds: &second})
	if err != nil {
		return err
	}
	defer watcher.Stop()
	for event := range watcher.ResultChan() {
		object, is := event.Object.(*corev1.ConfigMap)
		if !is {
			return errors.New("an event without a ConfigMap")
		}
		s.say("%s %s", event.Type, object.Name)
	}
	_, err = maps.Watch(s, metav1.ListOptions{ResourceVersion: "no number"})
	return s.sayRefused("a watch from what is no version", err)
}
