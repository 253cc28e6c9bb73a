package pace

import "strings"

// The limited things, by name.
const AccountKey = "account"

// Kind is what sort of thing a key names, for logs: which sender it is has no place there.
func Kind(key string) string {
	kind, _, _ := strings.Cut(key, ":")
	return kind
}

// SenderKey names the sender that texts come from: a number, or a name.
func SenderKey(sender string) string { return "sender:" + sender }

// CampaignKey names a campaign by its id.
func CampaignKey(id string) string { return "campaign:" + id }
