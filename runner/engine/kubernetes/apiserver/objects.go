package apiserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
)

const contentJSON = "application/json"

// Query chooses objects; the zero value chooses all.
type Query struct {
	// Labels is a label selector, such as squall.run=abc.
	Labels string
	// Fields is a field selector, such as metadata.name=abc.
	Fields string
}

func (q Query) values() url.Values {
	out := url.Values{}
	if q.Labels != "" {
		out.Set("labelSelector", q.Labels)
	}
	if q.Fields != "" {
		out.Set("fieldSelector", q.Fields)
	}
	return out
}

// Create makes an object. What it has become is read into made, where that is not nil. An attempt of which no answer came may have
// made it already: the object that is there then is ours where it has all labels that were asked for, and is no error.
func (c *Client) Create(ctx context.Context, r Resource, object, made any) error {
	return c.post(ctx, r, "", "", object, made)
}

// Try asks whether an object would be made, and makes none: it is an error where the server would not, or knows one of its fields not.
func (c *Client) Try(ctx context.Context, r Resource, object any) error {
	body, err := json.Marshal(object)
	if err != nil {
		return fmt.Errorf("try to create %s: %w", r.told(c.Namespace, ""), err)
	}
	return c.ask(ctx, call{
		method: http.MethodPost, path: r.path(c.Namespace, "", ""), query: url.Values{"dryRun": {"All"}, "fieldValidation": {"Strict"}},
		body: body, contentType: contentJSON, what: "try to create " + r.told(c.Namespace, ""),
	}, nil)
}

// CreatePart posts to a part of an object, such as the token of a service account.
func (c *Client) CreatePart(ctx context.Context, r Resource, name, part string, object, made any) error {
	return c.post(ctx, r, name, part, object, made)
}

func (c *Client) post(ctx context.Context, r Resource, name, part string, object, made any) error {
	body, err := json.Marshal(object)
	if err != nil {
		return fmt.Errorf("create %s: %w", r.told(c.Namespace, name), err)
	}
	var wanted kinds.Object
	if err := json.Unmarshal(body, &wanted); err != nil {
		return fmt.Errorf("create %s: %w", r.told(c.Namespace, name), err)
	}
	what := "create " + r.told(c.Namespace, wanted.Metadata.Name)
	if part != "" {
		what = fmt.Sprintf("create the %s of %s", part, r.told(c.Namespace, name))
	}
	var unsure bool
	err = c.ask(ctx, call{
		method: http.MethodPost, path: r.path(c.Namespace, name, part), body: body, contentType: contentJSON, what: what, unsure: &unsure,
	}, made)
	if !unsure || part != "" || wanted.Metadata.Name == "" || !errors.Is(err, ErrAlreadyExists) {
		return err
	}
	there, missing := Get[json.RawMessage](ctx, c, r, wanted.Metadata.Name)
	if missing != nil {
		return errors.Join(err, missing)
	}
	var found kinds.Object
	if bad := json.Unmarshal(there, &found); bad != nil || !ours(wanted, found) {
		return errors.Join(err, bad)
	}
	if made == nil {
		return nil
	}
	return json.Unmarshal(there, made)
}

// ours tells whether an object that is there is the one that was wanted.
func ours(wanted, found kinds.Object) bool {
	for key, value := range wanted.Metadata.Labels {
		if found.Metadata.Labels[key] != value {
			return false
		}
	}
	return len(wanted.Metadata.Labels) > 0 && found.Metadata.DeletionTimestamp == nil
}

// Get reads one object.
func Get[T any](ctx context.Context, c *Client, r Resource, name string) (T, error) {
	var out T
	err := c.ask(ctx, call{method: http.MethodGet, path: r.path(c.Namespace, name, ""), what: "get " + r.told(c.Namespace, name)}, &out)
	return out, err
}

// page is how many objects are read at once.
const page = 500

// list is a page of them.
type list[T any] struct {
	Metadata struct {
		ResourceVersion string `json:"resourceVersion"`
		Continue        string `json:"continue"`
	} `json:"metadata"`
	Items []T `json:"items"`
}

// List reads all objects that a query chooses.
func List[T any](ctx context.Context, c *Client, r Resource, q Query) ([]T, error) {
	all, _, err := listed[T](ctx, c, r, q)
	return all, err
}

// listed also says from where they can be watched.
func listed[T any](ctx context.Context, c *Client, r Resource, q Query) (all []T, version string, err error) {
	values := q.values()
	values.Set("limit", strconv.Itoa(page))
	for {
		var part list[T]
		err := c.ask(ctx, call{method: http.MethodGet, path: r.path(c.Namespace, "", ""), query: values, what: "list " + r.told(c.Namespace, "")}, &part)
		if errors.Is(err, ErrGone) && values.Has("continue") { // it took too long: from the beginning, all at once
			all = nil
			values.Del("continue")
			values.Del("limit")
			continue
		}
		if err != nil {
			return nil, "", err
		}
		all = append(all, part.Items...)
		if part.Metadata.Continue == "" {
			return all, part.Metadata.ResourceVersion, nil
		}
		values.Set("continue", part.Metadata.Continue)
	}
}

// Patch changes those fields of an object that patch has, and takes away those that are null in it (a merge patch). part is empty, or
// one such as resize. What the object has become is read into patched, where that is not nil.
func (c *Client) Patch(ctx context.Context, r Resource, name, part string, patch, patched any) error {
	body, err := json.Marshal(patch)
	if err != nil {
		return fmt.Errorf("change %s: %w", r.told(c.Namespace, name), err)
	}
	return c.ask(ctx, call{
		method: http.MethodPatch, path: r.path(c.Namespace, name, part), body: body, contentType: "application/merge-patch+json",
		what: "change " + r.told(c.Namespace, name),
	}, patched)
}

// Deletion is how an object goes.
type Deletion struct {
	// Now does not wait for its processes to end.
	Now bool
	// Dependents goes first where it is true: the object is there until all that it owns is gone.
	Dependents bool
	// UID is the one object that is meant: another of its name stays.
	UID string
}

func (d Deletion) body() ([]byte, error) {
	var options struct {
		GracePeriodSeconds *int64            `json:"gracePeriodSeconds,omitempty"`
		PropagationPolicy  string            `json:"propagationPolicy"`
		Preconditions      map[string]string `json:"preconditions,omitempty"`
	}
	options.PropagationPolicy = "Background"
	if d.Dependents {
		options.PropagationPolicy = "Foreground"
	}
	if d.Now {
		options.GracePeriodSeconds = new(int64)
	}
	if d.UID != "" {
		options.Preconditions = map[string]string{"uid": d.UID}
	}
	return json.Marshal(options)
}

// Delete removes an object. One that is not there is no error; nor is one with a name that it had, where another is meant.
func (c *Client) Delete(ctx context.Context, r Resource, name string, d Deletion) error {
	body, err := d.body()
	if err != nil {
		return err
	}
	err = c.ask(ctx, call{
		method: http.MethodDelete, path: r.path(c.Namespace, name, ""), body: body, contentType: contentJSON, what: "delete " + r.told(c.Namespace, name),
	}, nil)
	if errors.Is(err, ErrNotFound) || d.UID != "" && errors.Is(err, ErrConflict) {
		return nil
	}
	return err
}

// DeleteAll removes all objects of a namespace that a query chooses, which has to choose some.
func (c *Client) DeleteAll(ctx context.Context, r Resource, q Query, d Deletion) error {
	if q.Labels == "" {
		return fmt.Errorf("delete %s: by which label?", r.told(c.Namespace, ""))
	}
	body, err := d.body()
	if err != nil {
		return err
	}
	return c.ask(ctx, call{
		method: http.MethodDelete, path: r.path(c.Namespace, "", ""), query: q.values(), body: body, contentType: contentJSON,
		what: "delete " + r.told(c.Namespace, ""),
	}, nil)
}

// Can tells whether one may do something oneself. Where attributes name no namespace, it is the client's.
func (c *Client) Can(ctx context.Context, what kinds.ResourceAttributes) (bool, error) {
	if what.Namespace == "" {
		what.Namespace = c.Namespace
	}
	var review kinds.SelfSubjectAccessReview
	review.TypeMeta = accessReviews.Type()
	review.Spec.ResourceAttributes = what
	err := c.post(ctx, accessReviews, "", "", review, &review)
	return review.Status.Allowed, err
}

// May asks whether an account of the client's namespace may say a verb to something there. It takes a right to ask about others.
func (c *Client) May(ctx context.Context, account string, what kinds.ResourceAttributes) (bool, error) {
	what.Namespace = c.Namespace
	var review kinds.LocalSubjectAccessReview
	review.TypeMeta, review.Metadata.Namespace = othersReviews.Type(), c.Namespace
	review.Spec.ResourceAttributes = what
	review.Spec.User = "system:serviceaccount:" + c.Namespace + ":" + account
	review.Spec.Groups = []string{"system:serviceaccounts", "system:serviceaccounts:" + c.Namespace, "system:authenticated"}
	err := c.post(ctx, othersReviews, "", "", review, &review)
	return review.Status.Allowed, err
}
