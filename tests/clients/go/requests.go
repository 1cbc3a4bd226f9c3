package main

import (
	"net/http"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

var requestChecks = []check{
	{"a client that sends protobuf and takes JSON is served", protobufClient},
	{"an account's token says who asks", accountToken},
	{"who may do what is asked of the server", accessReviews},
	{"the health pages answer", health},
	{"rows of a table and metadata alone are given to who asks", otherForms},
}

type warned struct{ texts []string }

func (w *warned) HandleWarningHeader(_ int, _ string, text string) { w.texts = append(w.texts, text) }

func (s *session) warnedClient(to *warned) (kubernetes.Interface, error) {
	config := rest.CopyConfig(s.config)
	config.WarningHandler = to
	return kubernetes.NewForConfig(config)
}

func protobufClient(s *session) error {
	config := rest.CopyConfig(s.config)
	config.ContentType = "application/vnd.kubernetes.protobuf"
	config.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	maps := client.CoreV1().ConfigMaps(s.namespace)
	made, err := maps.Create(s, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "x"}, Data: map[string]string{"a": "1"}, BinaryData: map[string][]byte{"b": {0, 1, 2}}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	made.Data["a"] = "2"
	if made, err = maps.Update(s, made, metav1.UpdateOptions{}); err != nil {
		return err
	}
	list, err := maps.List(s, metav1.ListOptions{})
	if err != nil {
		return err
	}
	s.say("%v %v, %d in all", made.Data, made.BinaryData, len(list.Items))
	if _, err := client.CoreV1().Pods(s.namespace).Create(s, examplePod("p"), metav1.CreateOptions{}); err != nil {
		return err
	}
	watcher, err := maps.Watch(s, metav1.ListOptions{})
	if err != nil {
		return err
	}
	defer watcher.Stop()
	event := <-watcher.ResultChan()
	s.say("%s %s", event.Type, event.Object.(*corev1.ConfigMap).Name)
	return maps.Delete(s, "x", metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &made.UID}})
}

func accountToken(s *session) error {
	accounts := s.client.CoreV1().ServiceAccounts(s.namespace)
	if _, err := accounts.Create(s, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "robot"}}, metav1.CreateOptions{}); err != nil {
		return err
	}
	seconds := int64(1200)
	token, err := accounts.CreateToken(s, "robot", &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	config := rest.AnonymousClientConfig(s.config)
	config.BearerToken = token.Status.Token
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	who, err := client.AuthenticationV1().SelfSubjectReviews().Create(s, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	s.say("%s", who.Status.UserInfo.Username)
	impersonated := rest.CopyConfig(s.config)
	impersonated.Impersonate = rest.ImpersonationConfig{UserName: "alice", Groups: []string{"developers"}, Extra: map[string][]string{"color": {"red"}}}
	if client, err = kubernetes.NewForConfig(impersonated); err != nil {
		return err
	}
	if who, err = client.AuthenticationV1().SelfSubjectReviews().Create(s, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{}); err != nil {
		return s.sayRefused("impersonation", err)
	}
	s.say("%s %v %v", who.Status.UserInfo.Username, who.Status.UserInfo.Groups, who.Status.UserInfo.Extra)
	return nil
}

func accessReviews(s *session) error {
	review, err := s.client.AuthorizationV1().SelfSubjectAccessReviews().Create(s, &authorizationv1.SelfSubjectAccessReview{
		Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authorizationv1.ResourceAttributes{
			Namespace: s.namespace, Verb: "create", Resource: "configmaps"}}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	s.say("allowed: %v", review.Status.Allowed)
	return nil
}

func health(s *session) error {
	for _, path := range []string{"/healthz", "/livez", "/readyz"} {
		body, err := s.client.Discovery().RESTClient().Get().AbsPath(path).DoRaw(s)
		if err != nil {
			return err
		}
		s.say("%s: %s", path, body)
	}
	_, err := s.client.Discovery().RESTClient().Get().AbsPath("/no/such/path").DoRaw(s)
	return s.sayRefused("a path that is not there", err)
}

func otherForms(s *session) error {
	if _, err := s.configMap("x", map[string]string{"a": "1"}); err != nil {
		return err
	}
	for _, form := range []string{"Table", "PartialObjectMetadataList"} {
		result := s.client.CoreV1().RESTClient().Get().Namespace(s.namespace).Resource("configmaps").
			SetHeader("Accept", "application/json;as="+form+";g=meta.k8s.io;v=v1").Do(s)
		var code int
		result.StatusCode(&code)
		if result.Error() != nil || code != http.StatusOK {
			return result.Error()
		}
		raw, err := result.Raw()
		if err != nil {
			return err
		}
		s.say("%s: %d bytes or more: %v", form, 200, len(raw) >= 200)
	}
	err := s.client.CoreV1().RESTClient().Get().Namespace(s.namespace).Resource("configmaps").SetHeader("Accept", "text/plain").Do(s).Error()
	if err == nil {
		return s.sayRefused("text", err)
	}
	s.say("text: refused")
	return nil
}
