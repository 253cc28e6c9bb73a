package sqs

import "time"

type deleteMessageInput struct {
	QueueURL      string `json:"QueueUrl"`
	ReceiptHandle string
}

type nothing struct{}

func (s *Server) deleteMessage(_ call, in deleteMessageInput) (nothing, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(in.QueueURL)
	if err != nil {
		return nothing{}, err
	}
	return nothing{}, q.delete(in.ReceiptHandle, time.Now())
}

// delete removes a message. With the handle of an earlier receive it succeeds and removes nothing (API Reference,
// DeleteMessage): whoever has the message now still has it.
func (q *queue) delete(handle string, now time.Time) error {
	if handle == "" {
		return missing("ReceiptHandle")
	}
	q.catchUp(now)
	m, err := q.lookup(handle)
	if m != nil {
		q.remove(m)
	}
	return err
}

type batchEntry struct {
	ID                string `json:"Id"`
	ReceiptHandle     string
	VisibilityTimeout *int64 // Only to change it.
}

type batchInput struct {
	QueueURL string `json:"QueueUrl"`
	Entries  []batchEntry
}

type doneEntry struct {
	ID string `json:"Id"`
}

func (s *Server) deleteMessageBatch(_ call, in batchInput) (batchOutput[doneEntry], error) {
	return s.batch(in, func(q *queue, entry batchEntry, now time.Time) error {
		return q.delete(entry.ReceiptHandle, now)
	})
}

func (s *Server) changeMessageVisibilityBatch(_ call, in batchInput) (batchOutput[doneEntry], error) {
	return s.batch(in, func(q *queue, entry batchEntry, now time.Time) error {
		return q.changeVisibility(entry.ReceiptHandle, entry.VisibilityTimeout, now)
	})
}

func (s *Server) batch(in batchInput, do func(*queue, batchEntry, time.Time) error) (batchOutput[doneEntry], error) {
	var out batchOutput[doneEntry]
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(in.QueueURL)
	if err != nil {
		return out, err
	}
	var ids []string
	for _, entry := range in.Entries {
		ids = append(ids, entry.ID)
	}
	if err := checkEntries(ids); err != nil {
		return out, err
	}
	now := time.Now()
	for _, entry := range in.Entries {
		if err := do(q, entry, now); err != nil {
			out.Failed = append(out.Failed, failedEntry(entry.ID, err))
		} else {
			out.Successful = append(out.Successful, doneEntry{entry.ID})
		}
	}
	return out, nil
}

type changeMessageVisibilityInput struct {
	QueueURL          string `json:"QueueUrl"`
	ReceiptHandle     string
	VisibilityTimeout *int64
}

func (s *Server) changeMessageVisibility(_ call, in changeMessageVisibilityInput) (nothing, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(in.QueueURL)
	if err != nil {
		return nothing{}, err
	}
	return nothing{}, q.changeVisibility(in.ReceiptHandle, in.VisibilityTimeout, time.Now())
}

// changeVisibility makes a message that is in flight visible again so many seconds from now, at most 12 hours after it was
// received (API Reference, ChangeMessageVisibility).
func (q *queue) changeVisibility(handle string, seconds *int64, now time.Time) error {
	switch {
	case handle == "":
		return missing("ReceiptHandle")
	case seconds == nil:
		return missing("VisibilityTimeout")
	}
	timeout, err := whole("VisibilityTimeout", seconds, 0, MaxVisibilityTimeout)
	if err != nil {
		return err
	}
	q.catchUp(now)
	m, err := q.lookup(handle)
	switch {
	case err != nil:
		return err
	case m == nil:
		return invalidValue("Value %s for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not "+
			"available for visibility timeout change.", handle)
	case m.at != &q.inFlight:
		return fail("MessageNotInflight", "The message referred to is not in flight.")
	case now.Add(timeout).After(m.received.Add(MaxVisibilityTimeout)):
		return invalidValue("Value %d for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the "+
			"message is beyond the limit [%d seconds].", *seconds, int64(MaxVisibilityTimeout/time.Second))
	}
	q.withdraw(m)
	if timeout > 0 {
		q.fly(m, now.Add(timeout))
	} else {
		q.ready.push(m)
	}
	q.wake()
	return nil
}
