{{ cahps_top_box('provider_rating') }}
